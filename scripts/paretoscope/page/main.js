// From a choice to what is shown: words, tables and, once Vega is there, drawings.
const CURVES = 6;
const bdi = (text) => make("bdi", {}, text);
let chosen, budget, vegaIsHere = false, active = -1;

const costWords = (point) => `${number(point.cost)} ${chosen.unit.name}`;
const surely = (point) => (point.p === null || point.p === undefined ? null : `on the frontier in ${share(point.p)} of reruns`);

// The frontier as few steps: each gains a point over the one before, and the last is the most accurate.
function steps(frontier, most = 6, gain = 0.01) {
  const picks = [];
  for (const point of frontier) if (!picks.length || point.accuracy >= picks[picks.length - 1].accuracy + gain) picks.push(point);
  if (frontier.length && picks[picks.length - 1] !== frontier[frontier.length - 1]) picks.push(frontier[frontier.length - 1]);
  if (picks.length <= most) return picks;
  return Array.from({ length: most }, (_, n) => picks[Math.round((n * (picks.length - 1)) / (most - 1))]);
}

// The answer in words.
function showAnswer() {
  const { frontier, points, shown, cost } = chosen;
  const date = choice.date < DATES.length - 1 ? `, released until ${latest()}` : "";
  byId("answer-scope").replaceChildren(
    cost ? "The most accurate model for what a completion may cost, on " : "No cost of completions is known in this study, on ", bdi(scopeName()),
    ` (${points.length} of ${MODELS.length} models${date}${cost && cost.device ? `; measured on ${cost.device}` : ""}). Ranges are 95% intervals; reruns are made up by drawing the questions anew.`,
  );
  byId("headline").replaceChildren(...headline(frontier));
  byId("steps").replaceChildren(...steps(frontier).map((point) => make("li", {},
    make("div", { className: "from" }, `from ${costWords(point)}`), bdi(point.name), make("b", {}, percent(point.accuracy)), " right",
    make("small", { className: "soft" }, `${interval(point)}`), surely(point) && make("small", { className: "soft" }, surely(point)),
  )));
  if (!frontier.length) byId("steps").replaceChildren(make("li", {}, shown.length ? "None of the models shown has both an accuracy and this cost." : "No model fits the filters."));
  byId("budget").disabled = !frontier.length;
}

// The most accurate model, and the cheapest that comes as close as makes no sure difference.
function headline(frontier) {
  if (!frontier.length) return [];
  const { best, near, p } = nearest(frontier);
  const words = [make("strong", {}, bdi(best.name)), ` is the most accurate: ${percent(best.accuracy)} right (${interval(best)}), for ${costWords(best)}.`];
  if (near !== best) {
    const rest = `: ${percent(near.accuracy)} (${interval(near)}), for ${number(best.cost / near.cost)} times less, ${costWords(near)}.`;
    const name = make("strong", {}, bdi(near.name));
    if (p === null) words.push(" ", name, " comes within that range", rest);
    else words.push(" This study can't tell ", name, ` from it (p = ${Number(p.toPrecision(2))}, on the same questions)`, rest);
  }
  const reliability = chosen.cost.reliability[choice.scope];
  if (reliability !== null && reliability < 0.8) words.push(" Beware: the models are so close, or the questions so few, that chance has a part in who is on the frontier.");
  return words;
}

// The budget that the slider stands at: from the cheapest point to the dearest, in equal factors.
function showBudget() {
  const { points } = chosen, costs = points.map((point) => point.cost);
  budget = null;
  if (!points.length) return byId("budget-answer").replaceChildren("");
  const low = Math.min(...costs), high = 1.02 * Math.max(...costs), limit = low * (high / low) ** (byId("budget").value / 1000);
  const within = points.filter((point) => point.cost <= limit * (1 + 1e-9)).sort((a, b) => b.accuracy - a.accuracy || a.cost - b.cost);
  const [best, second] = within, text = `${number(limit)} ${chosen.unit.name}`;
  budget = { cost: limit, best };
  byId("budget").setAttribute("aria-valuetext", `${text}: ${best.name}`);
  const words = [`With at most ${text} per completion: `, make("strong", {}, bdi(best.name)), `, ${percent(best.accuracy)} right (${interval(best)}) for ${costWords(best)}. `];
  if (second) words.push("Next best: ", bdi(second.name), `, ${percent(second.accuracy)} for ${costWords(second)}`, second.high > best.low ? "; their intervals overlap, so the order of the two is not sure." : ".");
  return byId("budget-answer").replaceChildren(...words);
}

function showFrontierWords() {
  const { frontier, points, shown } = chosen, left = shown.filter((point) => point.left);
  const words = `${frontier.length} of ${points.length} models are on the frontier (the line): nobody is at least as accurate for less. Crosses are 95% intervals.`;
  const band = bandOf(chosen).length ? " Shaded: where the frontier would mostly have come out with other questions." : "";
  byId("frontier-words").textContent = words + band + (left.length ? ` Not drawn: ${left.length}, see the table.` : "");
  byId("frontier").setAttribute("aria-label", `Chart of accuracy against ${chosen.cost ? chosen.cost.name : "cost"} for ${points.length} models; the table of models below says the same. Arrow keys lead from model to model.`);
}

const NAMES = { key: "name", head: "Model", value: (row) => row.name };
function modelColumns() {
  const { cost, unit } = chosen;
  const columns = [
    NAMES,
    { key: "accuracy", head: "Right", number: true, value: (row) => row.accuracy, show: (row) => (row.accuracy === null || row.accuracy === undefined ? "–" : [percent(row.accuracy), " ", make("small", {}, interval(row))]) },
    { key: "cost", head: unit ? unit.name : "Cost", number: true, value: (row) => row.cost ?? null, show: (row) => (row.left ? make("small", {}, row.left) : number(row.cost)) },
    { key: "gap", head: "Behind (points)", number: true, value: (row) => (row.left ? null : row.gap), show: (row) => (row.left ? "–" : row.on ? "frontier" : (100 * row.gap).toFixed(1)) },
    { key: "family", head: "Family", text: true, value: (row) => row.family },
    { key: "kind", head: "Kind", text: true, value: (row) => KINDS.get(row.kind) || row.kind },
    { key: "type", head: "Type", value: (row) => row.type },
    { key: "date", head: "Released", value: (row) => row.date || null },
    { key: "active", head: "Active parameters", number: true, value: (row) => row.active, show: (row) => (row.active === null ? "–" : row.active >= 1e9 ? `${number(row.active / 1e9)} B` : `${number(row.active / 1e6)} M`) },
  ];
  if (cost) columns.splice(3, 0, { key: "p", head: "On frontier", number: true, value: (row) => row.p ?? null, show: (row) => share(row.p) });
  return columns.filter((column) => column === NAMES || chosen.shown.some((row) => (column.value(row) ?? "") !== ""));
}
const FILE = [
  ["model", (row) => row.id], ["name", (row) => row.name], ["family", (row) => row.family], ["kind", (row) => row.kind], ["type", (row) => row.type],
  ["release_date", (row) => row.date], ["benchmark", () => DATA.scopes.id[choice.scope]], ["accuracy", (row) => row.accuracy], ["accuracy_low", (row) => row.low],
  ["accuracy_high", (row) => row.high], ["cost", () => (chosen.cost ? chosen.cost.id : "")], ["cost_unit", () => (chosen.unit ? chosen.unit.name : "")],
  ["cost_per_completion", (row) => row.cost], ["p_on_frontier", (row) => row.p], ["on_frontier", (row) => Boolean(row.on)], ["accuracy_gap", (row) => row.gap], ["left_out", (row) => row.left],
];
const orders = { models: { key: "cost", down: false }, grid: { key: "name", down: false }, saturation: { key: "name", down: false } };
let models;
function showModels() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  models = sortable(byId("models"), modelColumns(), orders.models);
  models.show(chosen.shown.filter((row) => words.every((word) => `${row.name} ${row.id} ${row.family}`.toLowerCase().includes(word))));
}

function showGrid() {
  if (!byId("grid-fold").open) return;
  const columns = DATA.scopes.name.map((name, s) => ({
    key: `scope ${s}`, head: name, number: true, value: (row) => DATA.accuracy.mean[s][row.m],
    show: (row) => (DATA.accuracy.mean[s][row.m] === null ? "–" : [percent(DATA.accuracy.mean[s][row.m]), make("br"), make("small", {}, interval({ low: DATA.accuracy.low[s][row.m], high: DATA.accuracy.high[s][row.m] }))]),
  }));
  sortable(byId("grid"), [NAMES, ...columns], orders.grid).show(chosen.shown);
}

function showTrendWords() {
  const { flops, never, halving } = DATA.trend, words = [];
  if (halving.halving_months) words.push(`At equal accuracy, the FLOPs needed halve every ${number(halving.halving_months)} months (95%: ${number(halving.halving_months_low)} to ${halving.halving_months_high === null ? "no decline" : number(halving.halving_months_high)}; ${halving.n_points} models${halving.permutation_p === null ? "" : `; were dates meaningless, a trend as strong would come up in ${share(halving.permutation_p)} of cases`}).`);
  else if (halving.note) words.push(`No halving time is identified: ${halving.note.replace(/^not identified: /, "")}.`);
  words.push(flops.length ? "Drawn: the fewest FLOPs that reach a mean accuracy, as models came out." : "No model with a release date reaches any of the accuracies asked for, so there is nothing to draw.");
  if (never.length) words.push(`Not reached by any: ${never.map((value) => `${number(100 * value)}%`).join(", ")}.`);
  byId("trend-words").textContent = words.join(" ");
  byId("trend").hidden = !flops.length;
  byId("trend").setAttribute("aria-label", byId("trend-words").textContent);
}

// Curves of one benchmark: the chosen one, or the first.
function saturationCurves() {
  const s = DATA.benchmarks.includes(choice.scope) ? choice.scope : DATA.benchmarks[0], rank = new Map(chosen.points.map((point) => [point.m, point]));
  const known = curvesOf(s).filter((curve) => rank.has(curve.m));
  const order = [...known].sort((a, b) => rank.get(b.m).on - rank.get(a.m).on || rank.get(b.m).accuracy - rank.get(a.m).accuracy);
  return { s, known, drawn: order.slice(0, CURVES) };
}
function showSaturationWords() {
  const { s, known, drawn } = saturationCurves();
  byId("saturation").hidden = !drawn.length;
  byId("saturation-words").replaceChildren(...(drawn.length
    ? ["Share of questions answered right within a budget of tokens, on ", bdi(DATA.scopes.name[s]), `. Ring: from here on, doubling the budget gains less than ${pointsGained()}${known.length > drawn.length ? `; ${drawn.length} of ${known.length} models are drawn, those on the frontier first` : ""}.${unsure(known)}`]
    : ["No lengths of completions are known for the models shown."]));
  byId("saturation").setAttribute("aria-label", `${byId("saturation-words").textContent} The table below says the same.`);
  const last = (curve) => curve.accuracy[curve.accuracy.length - 1];
  const ranged = (value, range) => (value === "–" ? value : [value, " ", make("small", {}, range)]);
  const columns = [{ key: "name", head: "Model", value: (row) => MODELS[row.m].name }, { key: "enough", head: "Enough tokens", number: true, value: (row) => row.enough, show: (row) => ranged(number(row.enough), `${number(row.low)} to ${number(row.high)}`) },
    { key: "ceiling", head: "Tends to", number: true, value: (row) => row.ceiling, show: (row) => ranged(percent(row.ceiling), interval({ low: row.ceilingLow, high: row.ceilingHigh })) },
    { key: "accuracy", head: "Right in the end", number: true, value: last, show: (row) => percent(last(row)) }, { key: "status", head: "Note", text: true, value: (row) => (row.status === "identified" ? "" : row.status) }];
  sortable(byId("saturation-table"), columns, orders.saturation).show(known);
}
const pointsGained = () => { const [gain] = DATA.saturation.gain_points; return gain === 1 || gain === undefined ? "1 point" : `${number(gain)} points`; };
function unsure(curves) {
  const n = curves.filter((curve) => curve.enough === null).length;
  return n ? ` For ${n === curves.length ? (n === 1 ? "it" : "all") : n} that point is not identified; the table says why.` : "";
}

// The bubble beside a point, for mouse and keys alike; all of it is text.
function bubbleOf(point) {
  const lines = [`${percent(point.accuracy)} right (${interval(point)})`, `${costWords(point)} per completion`, point.on ? "on the frontier" : `${(100 * point.gap).toFixed(1)} points behind the frontier`, surely(point), `${point.family}, ${KINDS.get(point.kind) || point.kind}, ${point.type}${point.date ? `, ${point.date}` : ""}`];
  return [make("strong", {}, bdi(short(point.name, 200))), ...lines.filter(Boolean).map((line) => make("div", {}, bdi(line)))];
}
function showBubble(handler, event, item, value) {
  const datum = value && item && item.datum, bubble = byId("bubble");
  bubble.hidden = !datum;
  if (!datum) return;
  const point = datum.m === undefined ? null : chosen.points.find((other) => other.m === datum.m);
  if (datum.enough) bubble.replaceChildren(make("strong", {}, bdi(MODELS[datum.m].name)), `${number(datum.enough)} tokens are enough`);
  else if (point) bubble.replaceChildren(...bubbleOf(point));
  else bubble.replaceChildren(make("strong", {}, bdi(short(datum.text, 200))), make("div", {}, `${datum.label}, from ${datum.on}`));
  placeBubble(event.clientX, event.clientY);
}
function placeBubble(x, y) {
  const bubble = byId("bubble"), box = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
  bubble.style.top = `${y + 14 + box.height > innerHeight ? Math.max(4, y - box.height - 14) : y + 14}px`;
}
function stepThroughPoints(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], view = views.get("frontier")?.view, count = chosen.points.length;
  if (event.key === "Escape") byId("bubble").hidden = true;
  if (!by || !view || !count) return;
  event.preventDefault();
  active = active < 0 ? (by > 0 ? 0 : count - 1) : Math.max(0, Math.min(count - 1, active + by));
  const point = chosen.points[active], box = byId("frontier").getBoundingClientRect(), [dx, dy] = view.origin();
  byId("bubble").replaceChildren(...bubbleOf(point));
  byId("bubble").hidden = false;
  placeBubble(box.left + dx + view.scale("x")(point.cost), box.top + dy + view.scale("y")(100 * point.accuracy));
  view.data("chosen", [{ x: point.cost, y: 100 * point.accuracy }]).runAsync();
}

// Filters: one button for each family, kind and type that there is; those of one facet are alternatives.
function swatch(facet, value) {
  const shape = facet === "kind" ? { moe: "M8 1 15 8 8 15 1 8z", hybrid: "M8 2 15 14 1 14z" }[value] || "M8 2a6 6 0 1 0 .01 0z" : "M8 2a6 6 0 1 0 .01 0z";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const colour = facet === "family" ? colourOf(MODELS.find((model) => model.family === value)) : "var(--soft)";
  for (const [name, text] of [["d", shape], ["stroke", colour], ["stroke-width", 2], ["fill", facet === "type" && value !== "reasoning" ? "none" : colour]]) path.setAttribute(name, text);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}
// A button that leaves out all values of a facet, or takes all in again, so that one of many is soon chosen.
function allOrNone(facet, values, labels) {
  const button = make("button", { type: "button" }, "all or none");
  button.addEventListener("click", () => {
    const hidden = choice.hidden.get(facet), all = !hidden.size;
    hidden.clear();
    if (all) values.forEach((value) => hidden.add(value));
    labels.forEach((label) => { label.control.checked = !all; });
    soon(update);
  });
  return button;
}
function makeFilters() {
  for (const facet of FACETS) {
    const values = sorted(DATA.models[facet]);
    if (values.length < 2) continue;
    const boxes = values.map((value) => {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        const hidden = choice.hidden.get(facet);
        if (box.checked) hidden.delete(value);
        else hidden.add(value);
      });
      return make("label", {}, box, make("span", {}, swatch(facet, value), bdi(short(facet === "kind" ? KINDS.get(value) || value : value, 40))));
    });
    byId("filters").append(make("fieldset", { className: "pills" }, make("legend", {}, facet[0].toUpperCase() + facet.slice(1)), boxes, values.length > 3 ? allOrNone(facet, values, boxes) : null));
  }
}

function showWarnings() {
  const { shown, n } = DATA.warnings, items = shown.map((text) => make("li", {}, bdi(text))), most = 3;
  byId("warnings").hidden = !n;
  byId("h-warnings").textContent = `Before you trust the figures: ${n} ${n === 1 ? "warning" : "warnings"}`;
  byId("warnings-first").replaceChildren(...items.slice(0, most));
  const more = byId("warnings-more");
  more.hidden = n <= most;
  more.querySelector("summary").textContent = `${n - most} more`;
  more.querySelector("ul").replaceChildren(...items.slice(most), ...(n > shown.length ? [make("li", {}, `and ${n - shown.length} more, in summary.txt`)] : []));
}

function showDrawings() {
  if (!vegaIsHere) return;
  drawFrontier(chosen, budget);
  const { drawn } = saturationCurves();
  if (drawn.length) drawSaturation(drawn, chosen);
}

function update() {
  chosen = select();
  active = -1;
  byId("bubble").hidden = true;
  byId("date-shown").textContent = DATES.length ? latest() || DATES[DATES.length - 1] : "";
  showAnswer();
  showBudget();
  showFrontierWords();
  showModels();
  showGrid();
  showSaturationWords();
  showDrawings();
}

let waiting = 0;
function soon(work) {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(work);
}

function prepare() {
  const options = (names) => names.map((name, n) => make("option", { value: n }, name));
  byId("scope").replaceChildren(...options(DATA.scopes.name));
  byId("cost").replaceChildren(...options(DATA.costs.map((cost) => `${cost.name} per completion`)));
  const total = DATA.benchmarks.flatMap((s) => DATA.accuracy.completions[s]).reduce((sum, n) => sum + (n || 0), 0);
  byId("scale").textContent = `${MODELS.length} models, ${DATA.benchmarks.length} ${DATA.benchmarks.length === 1 ? "benchmark" : "benchmarks"}, ${total.toLocaleString("en")} answers graded`;
  byId("frontier-keys").textContent = "Colour: family. Shape: kind. Filled: reasoning model. Point at a model or tap it, or press the arrow keys on the chart, to read its numbers.";
  byId("date").max = Math.max(0, DATES.length - 1);
  byId("date").value = byId("date").max;
  choice.date = DATES.length - 1;
  byId("date").closest("label").hidden = DATES.length < 2;
  makeFilters();
  showWarnings();
  showTrendWords();
  update();

  const choices = byId("choices");
  choices.addEventListener("submit", (event) => event.preventDefault());
  choices.addEventListener("input", () => {
    choice.scope = Number(byId("scope").value);
    choice.cost = Number(byId("cost").value);
    choice.scale = choices.querySelector("[name=scale]:checked").value;
    choice.date = Number(byId("date").value);
    byId("date").setAttribute("aria-valuetext", latest() || "");
    soon(update);
  });
  choices.addEventListener("reset", () => setTimeout(() => {
    FACETS.forEach((facet) => choice.hidden.get(facet).clear());
    byId("date").value = byId("date").max;
    choices.dispatchEvent(new Event("input"));
  }));
  byId("budget").addEventListener("input", () => soon(() => {
    showBudget();
    const view = views.get("frontier")?.view, marks = budgetMarks(budget);
    if (view) view.data("budget", marks.budget).data("chosen", marks.chosen).runAsync();
  }));
  byId("find").addEventListener("input", showModels);
  byId("grid-fold").addEventListener("toggle", showGrid);
  byId("frontier").addEventListener("keydown", stepThroughPoints);
  byId("frontier").addEventListener("blur", () => {
    byId("bubble").hidden = true;
    views.get("frontier")?.view.data("chosen", budgetMarks(budget).chosen).runAsync();
  });
  byId("csv").addEventListener("click", () => download("models.csv", "text/csv", csvOf(models.rows(), FILE)));
  byId("json").addEventListener("click", () => download("study.json", "application/json", JSON.stringify(DATA)));
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((details) => { details.open = true; });
    showGrid();
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
}

// Called when Vega has been read, after the words and tables are there.
function start() {
  vegaIsHere = true;
  showDrawings();
  if (DATA.trend.flops.length) drawTrend();
  let width = innerWidth;
  addEventListener("resize", () => soon(() => {
    if (innerWidth === width) return;
    width = innerWidth;
    showDrawings();
    if (DATA.trend.flops.length) drawTrend();
  }));
}
prepare();
