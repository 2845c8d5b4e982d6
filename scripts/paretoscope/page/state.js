// What is shown, and what follows from it. Names come from outside: they are only ever compared, or written as text.
const DATA = JSON.parse(document.getElementById("data").textContent);
const MODELS = DATA.models.id.map((id, m) => ({
  m, id, name: DATA.models.name[m], family: DATA.models.family[m], kind: DATA.models.kind[m], type: DATA.models.type[m],
  date: DATA.models.date[m], total: DATA.models.total[m], active: DATA.models.active[m],
}));
const DATES = [...new Set(DATA.models.date.filter(Boolean))].sort();
const FACETS = ["family", "kind", "type"];
const KINDS = new Map([["dense", "dense"], ["moe", "mixture of experts"], ["hybrid", "hybrid"]]);
const choice = { scope: 0, cost: 0, scale: "log", date: -1 };
choice.hidden = new Map(FACETS.map((facet) => [facet, new Set()]));

const byId = (id) => document.getElementById(id);

// An element with properties and children; texts become text nodes, so no markup in them is read.
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function sorted(values) {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));
}

// Numbers for people.
function number(value) {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(2);
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
const percent = (value) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)}%`);
function share(value) {
  if (value === null || value === undefined) return "–";
  return value > 0.995 ? ">\u00a099%" : value < 0.005 ? "<\u00a01%" : `${Math.round(100 * value)}%`;
}
const interval = (point) => `${(100 * point.low).toFixed(1)} to ${(100 * point.high).toFixed(1)}%`;

const FLOPS = [[1e18, "EFLOPs"], [1e15, "PFLOPs"], [1e12, "TFLOPs"], [1e9, "GFLOPs"], [1e6, "MFLOPs"], [1, "FLOPs"]];
const flopsUnit = (value) => FLOPS.find(([size]) => value >= size) || FLOPS[FLOPS.length - 1];

// What a cost is counted in: how many of its units one of them holds, and the name to show.
function unitOf(cost, values) {
  if (cost.id !== "flops") return { size: 1, name: cost.unit === "$" ? "US dollars" : cost.name };
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [size, name] = flopsUnit(known[Math.floor(known.length / 2)] || 1);
  return { size, name };
}

// Counted or computed costs differ among questions alone; of the others one run was measured, with no error known.
const isMeasured = (cost) => !["flops", "tokens"].includes(cost.id);

// The models as points of the chosen benchmark and cost; left: why one is none.
function allPoints() {
  const cost = DATA.costs[choice.cost];
  if (!cost) return MODELS.map((model) => ({ ...model, left: "no cost is known" }));
  const s = choice.scope, unit = unitOf(cost, cost.mean[s]);
  return MODELS.map((model) => {
    const m = model.m, mean = cost.mean[s][m], code = cost.left_out.rows[s][m];
    const point = {
      ...model, accuracy: DATA.accuracy.mean[s][m], low: DATA.accuracy.low[s][m], high: DATA.accuracy.high[s][m],
      completions: DATA.accuracy.completions[s][m],
    };
    if (mean === null || point.accuracy === null) {
      return { ...point, left: code === null ? "no result" : cost.left_out.texts[code] };
    }
    const half = 1.96 * (cost.se[s][m] || 0);
    return {
      ...point, cost: mean / unit.size, costHigh: (mean + half) / unit.size,
      costLow: Math.max(mean - half, mean / 100) / unit.size, // a logarithmic axis has no place for less
      p: cost.probability[s][m],
    };
  });
}

const latest = () => DATES[choice.date];
const isFiltered = () => FACETS.some((facet) => choice.hidden.get(facet).size > 0);
const everythingShown = () => choice.date >= DATES.length - 1 && !isFiltered();

function isShown(model) {
  if (choice.date < DATES.length - 1 && !(model.date && model.date <= latest())) return false;
  return FACETS.every((facet) => !choice.hidden.get(facet).has(model[facet]));
}

// Mark the points that no other beats at their cost: as in the tables, on the means alone, equal points both stay.
function markFrontier(points) {
  let best = null;
  const ordered = points.filter((point) => !point.left).sort((a, b) => a.cost - b.cost || b.accuracy - a.accuracy);
  for (const point of ordered) {
    const equal = best && point.accuracy === best.accuracy && point.cost === best.cost;
    point.on = !best || point.accuracy > best.accuracy || equal;
    point.gap = best ? Math.max(0, best.accuracy - point.accuracy) : 0;
    if (point.on) best = point;
  }
  return ordered;
}

// Everything that the page shows of the choice made.
function select() {
  const all = allPoints(), shown = all.filter(isShown), points = markFrontier(shown);
  const cost = DATA.costs[choice.cost];
  const unit = cost && unitOf(cost, cost.mean[choice.scope]);
  return { all, shown, points, frontier: points.filter((point) => point.on), cost, unit };
}

// How much more of the questions that both answered one model has right than another, where the study tells.
function ahead(one, other) {
  const { m, ...columns } = DATA.pairs[choice.scope], i = m.indexOf(one.m), j = m.indexOf(other.m);
  if (i < 0 || j < 0 || i === j) return null;
  const a = Math.min(i, j), b = Math.max(i, j), n = (a * (2 * m.length - a - 1)) / 2 + b - a - 1;
  const [difference, low, high] = ["difference", "low", "high"].map((name) => columns[name][n]);
  if (difference === null || low === null || high === null) return null;
  return i < j ? { difference, low, high } : { difference: -difference, low: -high, high: -low };
}

// The most accurate model and, of the cheaper ones, the cheapest that is shown to be at most a margin worse, else the
// cheapest whose difference may as well be none, else the next on the frontier.
const MARGIN = 0.02;
function alternative({ points, frontier }) {
  const best = frontier[frontier.length - 1], next = frontier[frontier.length - 2];
  const cheaper = points.filter((point) => point.cost < best.cost).map((point) => ({ point, by: ahead(point, best) }));
  const tested = cheaper.filter(({ by }) => by);
  const close = tested.find(({ by }) => by.low >= -MARGIN), open = tested.find(({ by }) => by.high >= 0);
  if (close) return { best, ...close, verdict: "close" };
  if (open) return { best, ...open, verdict: "open" };
  return { best, ...cheaper.find(({ point }) => point === next), verdict: cheaper.length ? "worse" : "alone" };
}

const scopeName = () => DATA.scopes.name[choice.scope] || "";

// The curves of accuracy within a token budget, one for each model of a benchmark, with what was fitted to them.
function curvesOf(s) {
  const { budgets, statuses, ...columns } = DATA.saturation;
  return columns.m.flatMap((m, n) => {
    const [enough, low, high, ceiling, ceilingLow, ceilingHigh] = FITTED.map((name) => columns[name][n]);
    const status = columns.status[n] === null ? "" : statuses[columns.status[n]];
    if (columns.s[n] !== s) return [];
    const tokens = columns.at[n].map((code) => budgets[code]), accuracy = columns.accuracy[n];
    return [{ m, tokens, accuracy, status, enough, low, high, ceiling, ceilingLow, ceilingHigh }];
  });
}
const FITTED = ["saturation_tokens", "ceiling"].flatMap((name) => [name, `${name}_low`, `${name}_high`]);
