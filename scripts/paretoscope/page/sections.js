// The sections below the answer: words and tables beside the drawings.
const CURVES = 6;
const orders = {
  models: { key: "cost", down: false },
  grid: { key: "name", down: false },
  saturation: { key: "name", down: false },
  failure: { key: "wrong", down: true },
};
let models;

function showFrontierWords() {
  const { frontier, points, shown, cost } = chosen, left = shown.length - points.length;
  byId("frontier-words").textContent = [
    `${frontier.length} of ${points.length} models are on the frontier (the line):`,
    "nobody is at least as accurate for less.",
    cost && isMeasured(cost)
      ? "Bars are 95% intervals of accuracy; the cost was measured once and is taken as exact."
      : "Crosses are 95% intervals.",
    bandOf(chosen).length ? "Shaded: where the frontier would mostly have come out with other questions." : "",
    left ? `Not drawn: ${left}, see the table.` : "",
  ].filter(Boolean).join(" ");
  byId("frontier").setAttribute("aria-label", [
    `Chart of accuracy against ${cost ? cost.name : "cost"} for ${points.length} models;`,
    "the table of models below says the same. Arrow keys lead from model to model.",
  ].join(" "));
}

// A value with its range in small print.
const ranged = (value, range) => (value === "–" ? value : [value, " ", make("small", {}, range)]);
const accuracyWords = (row) => ranged(percent(row.accuracy), known(row.accuracy) ? interval(row) : "");
function parameters(n) {
  if (!known(n)) return "–";
  return n >= 1e9 ? `${number(n / 1e9)} B` : `${number(n / 1e6)} M`;
}

const NAMES = { key: "name", head: "Model", value: (row) => row.name };
function modelColumns() {
  const { cost, unit } = chosen;
  const gap = (row) => (row.left ? "–" : row.on ? "frontier" : (100 * row.gap).toFixed(1));
  const columns = [
    NAMES,
    { key: "p", head: "On frontier", number: true, value: (row) => row.p ?? null, show: (row) => share(row.p) },
    { key: "accuracy", head: "Right", number: true, value: (row) => row.accuracy, show: accuracyWords },
    {
      key: "cost", head: unit ? unit.name : "Cost", number: true, value: (row) => row.cost ?? null,
      show: (row) => (row.left ? make("small", {}, row.left) : number(row.cost)),
    },
    { key: "gap", head: "Behind (points)", number: true, value: (row) => (row.left ? null : row.gap), show: gap },
    { key: "family", head: "Family", text: true, value: (row) => row.family },
    { key: "kind", head: "Kind", text: true, value: (row) => KINDS.get(row.kind) || row.kind },
    { key: "type", head: "Type", value: (row) => row.type },
    { key: "date", head: "Released", value: (row) => row.date || null },
    {
      key: "active", head: "Active parameters", number: true, value: (row) => row.active,
      show: (row) => parameters(row.active),
    },
  ];
  return columns.filter((column) => column === NAMES || chosen.shown.some((row) => (column.value(row) ?? "") !== ""));
}

// Columns of the CSV file of the models shown.
const FILE = [
  ["model", (row) => row.id], ["name", (row) => row.name], ["family", (row) => row.family],
  ["kind", (row) => row.kind], ["type", (row) => row.type], ["release_date", (row) => row.date],
  ["benchmark", () => DATA.scopes.id[choice.scope]], ["accuracy", (row) => row.accuracy],
  ["accuracy_low", (row) => row.low], ["accuracy_high", (row) => row.high],
  ["cost", () => (chosen.cost ? chosen.cost.id : "")], ["cost_unit", () => (chosen.unit ? chosen.unit.name : "")],
  ["cost_per_completion", (row) => row.cost], ["p_on_frontier", (row) => row.p],
  ["on_frontier", (row) => Boolean(row.on)], ["accuracy_gap", (row) => row.gap], ["left_out", (row) => row.left],
];

function showModels() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row) => words.every((word) => `${row.name} ${row.id} ${row.family}`.toLowerCase().includes(word));
  models = sortable(byId("models"), modelColumns(), orders.models);
  models.show(chosen.shown.filter(fits));
}

// Many cells, so only made when they are to be seen.
function showGrid() {
  if (!byId("grid-fold").open) return;
  const { mean, low, high } = DATA.accuracy;
  const columns = DATA.scopes.name.map((name, s) => ({
    key: `scope ${s}`, head: name, number: true, value: ({ m }) => mean[s][m],
    show: ({ m }) => accuracyWords({ accuracy: mean[s][m], low: low[s][m], high: high[s][m] }),
  }));
  sortable(byId("grid"), [NAMES, ...columns], orders.grid).show(chosen.shown);
}

function halvingWords({ halving_months: months, halving_months_low: low, halving_months_high: high, ...rest }) {
  if (rest.note.includes("may as well not decline")) return "The data don't show whether the FLOPs needed fall.";
  if (!months) return rest.note ? `No halving time is identified: ${rest.note.replace(/^not identified: /, "")}.` : "";
  const range = `95%: ${number(low)} to ${known(high) ? number(high) : "no decline"}; ${rest.n_points} models`;
  const chance = known(rest.permutation_p)
    ? `; were dates meaningless, a trend as strong would come up in ${share(rest.permutation_p)} of cases` : "";
  return `At equal accuracy, the FLOPs needed halve every ${number(months)} months (${range}${chance}).`;
}

function showTrendWords() {
  const { flops, never, halving } = DATA.trend;
  const words = [
    halvingWords(halving),
    flops.length
      ? "Drawn: the fewest FLOPs that reach a mean accuracy, as models came out."
      : "No model with a release date reaches any of the accuracies asked for, so there is nothing to draw.",
    never.length ? `Not reached by any: ${never.map((value) => `${number(100 * value)}%`).join(", ")}.` : "",
  ].filter(Boolean).join(" ");
  byId("trend-words").textContent = words;
  byId("trend").hidden = !flops.length;
  byId("trend").setAttribute("aria-label", words);
}

// Curves of one benchmark: the chosen one, or the first.
function saturationCurves() {
  const s = DATA.benchmarks.includes(choice.scope) ? choice.scope : DATA.benchmarks[0];
  const points = new Map(chosen.points.map((point) => [point.m, point]));
  const curves = curvesOf(s).filter((curve) => points.has(curve.m));
  const rank = (curve) => Number(points.get(curve.m).on) + points.get(curve.m).accuracy;
  const order = [...curves].sort((a, b) => rank(b) - rank(a));
  return { s, curves, drawn: order.slice(0, CURVES) };
}

function saturationWords({ s, curves, drawn }) {
  if (!drawn.length) return ["No lengths of completions are known for the models shown."];
  const [gain] = DATA.saturation.gain_points, points = gain === 1 ? "1 point" : `${number(gain)} points`;
  const some = curves.length > drawn.length
    ? `; ${drawn.length} of ${curves.length} models are drawn, those on the frontier first` : "";
  const unsure = curves.filter((curve) => curve.enough === null).length;
  const note = unsure ? ` For ${unsure} of ${curves.length} that point is not identified; the table says why.` : "";
  return [
    "Share of questions answered right within a budget of tokens, on ", bdi(DATA.scopes.name[s]),
    `. Ring: from here on, doubling the budget gains less than ${points}${some}.${note}`,
  ];
}

function showSaturation() {
  const found = saturationCurves(), words = byId("saturation-words");
  byId("saturation").hidden = !found.drawn.length;
  words.replaceChildren(...saturationWords(found));
  byId("saturation").setAttribute("aria-label", `${words.textContent} The table below says the same.`);
  const columns = [
    { key: "name", head: "Model", value: (row) => MODELS[row.m].name },
    {
      key: "enough", head: "Enough tokens", number: true, value: (row) => row.enough,
      show: (row) => ranged(number(row.enough), `${number(row.low)} to ${number(row.high)}`),
    },
    {
      key: "ceiling", head: "Tends to", number: true, value: (row) => row.ceiling,
      show: (row) => ranged(percent(row.ceiling), interval({ low: row.ceilingLow, high: row.ceilingHigh })),
    },
    {
      key: "accuracy", head: "Right in the end", number: true, value: (row) => last(row.accuracy),
      show: (row) => percent(last(row.accuracy)),
    },
    { key: "status", head: "Note", text: true, value: (row) => (row.status === "identified" ? "" : row.status) },
  ];
  sortable(byId("saturation-table"), columns, orders.saturation).show(found.curves);
}
