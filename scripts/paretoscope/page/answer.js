// The answer in words: the best model, the frontier as a few steps, and the reader's own budget.
let chosen, budget; // what is selected now (select() in state.js), and the budget that the slider stands at

const bdi = (text) => make("bdi", {}, text);
const strong = (text) => make("strong", {}, bdi(text));
const costWords = (point) => `${number(point.cost)} ${chosen.unit.name}`;
const last = (values) => values[values.length - 1];
const known = (value) => value !== null && value !== undefined;

function surely(point) {
  return known(point.p) ? `on the frontier in ${share(point.p)} of reruns` : null;
}

// The frontier as few steps: each gains a point over the one before, and the last is the most accurate.
function steps(frontier, most = 6, gain = 0.01) {
  const picks = [];
  for (const point of frontier) {
    if (!picks.length || point.accuracy >= last(picks).accuracy + gain) picks.push(point);
  }
  if (frontier.length && last(picks) !== last(frontier)) picks.push(last(frontier));
  if (picks.length <= most) return picks;
  return Array.from({ length: most }, (_, n) => picks[Math.round((n * (picks.length - 1)) / (most - 1))]);
}

function stepItem(point) {
  return make(
    "li", {}, make("div", { className: "from" }, `from ${costWords(point)}`), bdi(point.name),
    make("b", {}, percent(point.accuracy)), " right", make("small", { className: "soft" }, interval(point)),
    surely(point) && make("small", { className: "soft" }, surely(point)),
  );
}

function showAnswer() {
  const { frontier, points, shown, cost } = chosen;
  const date = choice.date < DATES.length - 1 ? `, released until ${latest()}` : "";
  const where = cost && cost.device ? ` on ${cost.device}` : "";
  const measured = cost && isMeasured(cost) ? `; ${cost.name} measured once${where}, taken as exact` : "";
  const empty = shown.length
    ? "None of the models shown has both an accuracy and this cost." : "No model fits the filters.";
  const question = cost
    ? "The most accurate model for what a completion may cost, on "
    : "No cost of completions is known in this study, on ";
  byId("answer-scope").replaceChildren(
    question, bdi(scopeName()), ` (${points.length} of ${MODELS.length} models${date}${measured}). `,
    "Ranges are 95% intervals; reruns are made up by drawing the questions anew.",
  );
  byId("headline").replaceChildren(...headline());
  byId("steps").replaceChildren(...(frontier.length ? steps(frontier).map(stepItem) : [make("li", {}, empty)]));
  byId("budget").disabled = !frontier.length;
}

// A paired difference in points: "6.6 points less, between 1.1 and 11.7", or with a word at each end across none.
function differenceWords({ difference, low, high }) {
  const points = (value) => Math.abs(100 * value).toFixed(1), word = (value) => (value < 0 ? "less" : "more");
  const ends = low >= 0 ? [points(low), points(high)] : [points(high), points(low)];
  const range = low < 0 && high > 0
    ? `between ${points(low)} less and ${points(high)} more` : `between ${ends.join(" and ")}`;
  return Math.abs(difference) >= 5e-4 ? `${points(difference)} points ${word(difference)}, ${range}` : `no difference, ${range}`;
}

// The most accurate model, and what a cheaper one would lose.
function headline() {
  if (!chosen.frontier.length) return [];
  const { best, point, by, verdict } = alternative(chosen), margin = `${100 * MARGIN} points`;
  const words = [strong(best.name), ` is the most accurate: ${percent(best.accuracy)} right (${interval(best)}), for `];
  words.push(`${costWords(best)}. `);
  const rest = () => {
    const measured = by ? `${differenceWords(by)}, on the same questions; ` : "";
    return `${measured}${percent(point.accuracy)} right for ${number(best.cost / point.cost)} times less, ${costWords(point)}.`;
  };
  if (verdict === "close") words.push(strong(point.name), ` is the cheapest shown to be within ${margin} of it: `, rest());
  if (verdict === "open" || verdict === "worse") words.push(`No cheaper model is shown to be within ${margin} of it. `);
  if (verdict === "open") words.push(strong(point.name), " may be as good (not identified): ", rest());
  if (verdict === "worse" && point) words.push("The next on the frontier is ", strong(point.name), ": ", rest());
  const reliability = chosen.cost.reliability[choice.scope];
  if (known(reliability) && reliability < 0.8) {
    words.push(" Beware: the models are so close, or the questions so few, that chance helps to decide who is on");
    words.push(" the frontier.");
  }
  return words;
}

// What is known of the order of two models.
function orderWords(by) {
  if (!by) return "the page has no comparison of the two on the same questions.";
  return `${differenceWords(by)}, on the same questions${by.high < 0 ? "." : ", so the order of the two is not sure."}`;
}

// The budget that the slider stands at: from the cheapest point to the dearest, in equal factors.
function showBudget() {
  const { points } = chosen, costs = points.map((point) => point.cost);
  budget = null;
  if (!points.length) return byId("budget-answer").replaceChildren("");
  const low = Math.min(...costs), high = 1.02 * Math.max(...costs);
  const limit = low * (high / low) ** (byId("budget").value / 1000);
  const within = points.filter((point) => point.cost <= limit * (1 + 1e-9));
  const [best, second] = within.sort((a, b) => b.accuracy - a.accuracy || a.cost - b.cost);
  const text = `${number(limit)} ${chosen.unit.name}`;
  budget = { cost: limit, best };
  byId("budget").setAttribute("aria-valuetext", `${text}: ${best.name}`);
  const words = [
    `With at most ${text} per completion: `, strong(best.name),
    `, ${percent(best.accuracy)} right (${interval(best)}) for ${costWords(best)}. `,
  ];
  if (second) {
    words.push("Next best: ", bdi(second.name), `, ${percent(second.accuracy)} for ${costWords(second)}; `);
    words.push(orderWords(ahead(second, best)));
  }
  return byId("budget-answer").replaceChildren(...words);
}

function showWarnings() {
  const { shown, n } = DATA.warnings, items = shown.map((text) => make("li", {}, bdi(text))), most = 3;
  const more = byId("warnings-more");
  const unlisted = n > shown.length ? [make("li", {}, `and ${n - shown.length} more, in summary.txt`)] : [];
  byId("warnings").hidden = !n;
  byId("h-warnings").textContent = `Before you trust the figures: ${n} ${n === 1 ? "warning" : "warnings"}`;
  byId("warnings-first").replaceChildren(...items.slice(0, most));
  more.hidden = n <= most;
  more.querySelector("summary").textContent = `${n - most} more`;
  more.querySelector("ul").replaceChildren(...items.slice(most), ...unlisted);
}
