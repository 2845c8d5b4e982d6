// The drawings: what goes into the specifications, and names placed where they collide with nothing.
const SPECS = JSON.parse(document.getElementById("charts").textContent);
const SHAPES = new Map([["dense", "circle"], ["moe", "diamond"], ["hybrid", "triangle-up"]]);
const FAMILIES = sorted(DATA.models.family);
const PALETTE = 7;
const views = new Map();

// The colour of a family, or of each model where there is but one family; beyond the palette all are grey.
function colourOf(model) {
  const single = FAMILIES.length === 1 && MODELS.length <= PALETTE;
  const place = single ? model.m : FAMILIES.indexOf(model.family);
  return place < PALETTE ? `var(--c${place})` : "var(--other)";
}
const short = (text, length = 30) => {
  const line = text.replace(/\s+/g, " ").trim();
  return [...line].length > length ? [...line].slice(0, length - 1).join("") + "…" : line;
};

// Round values within limits: of the form 1, 2, 5 or 1, 3 or powers of ten, whichever are few enough.
function logTicks(low, high, most) {
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    for (const stride of [1, 2, 3]) {
      const ticks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += stride) {
        ticks.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(6))));
      }
      const inside = ticks.filter((tick) => tick >= low && tick <= high);
      if (inside.length <= most) return inside;
      if (steps.length > 1) break;
    }
  }
  return [];
}
function evenTicks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) {
    ticks.push(Number((n * step).toPrecision(6)));
  }
  return ticks;
}

// Limits and ticks of an axis around values.
function axis(name, values, log, most) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (!values.length) [low, high] = [1, 10];
  if (log) [low, high] = [low / (high / low) ** 0.05 / 1.15, high * (high / low) ** 0.05 * 1.15];
  else if (low === high) [low, high] = [low - 1, high + 1];
  const ticks = log ? logTicks(low, high, most) : evenTicks(low, high, most);
  return { [`${name}_min`]: low, [`${name}_max`]: high, [`${name}_ticks`]: ticks };
}
function percentAxis(values, most) {
  if (!values.length) return percentAxis([0, 100], most);
  const low = Math.max(0, Math.min(...values) - 3), high = Math.min(101.5, Math.max(...values) + 3);
  return { y_min: low, y_max: high, y_ticks: evenTicks(low, high, most).filter((tick) => tick <= 100) };
}

// Draw a chart, or change what it shows where only data and limits differ.
async function draw(id, words, log, parameters, data) {
  const element = byId(id), key = JSON.stringify([words, log]);
  const size = { width: element.clientWidth, height: element.clientHeight };
  let drawn = views.get(id);
  if (!drawn || drawn.key !== key) {
    const spec = JSON.parse(JSON.stringify(SPECS[id]), (name, value) => {
      if (name === "title" && typeof value === "string") return value.replace(/COST|UNIT/, () => words);
      return name === "scale" && value?.type === "log" && !log ? { ...value, type: "linear", zero: false } : value;
    });
    spec.params.forEach((parameter) => { parameter.value = parameters[parameter.name]; });
    Object.assign(spec, size, { datasets: data });
    drawn?.view.finalize();
    drawn = { key };
    views.set(id, drawn);
    const options = { actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: showBubble };
    const embedded = await vegaEmbed(element, spec, options);
    drawn.view = embedded.view;
    return embedded.view;
  }
  const view = drawn.view;
  for (const [name, value] of Object.entries({ ...parameters, ...size })) view.signal(name, value);
  for (const [name, values] of Object.entries(data)) view.data(name, values);
  return view.runAsync();
}

// Names beside points, the important first, each where it covers no point, no other name and none of the lines;
// return the points that found no such place.
async function placeNames(view, points, lines = [], size = 12) {
  const [x, y] = ["x", "y"].map((name) => view.scale(name));
  const [width, height] = [x.range()[1], y.range()[0]];
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${size}px system-ui, sans-serif`;
  const pixel = (point) => [x(point.x), y(point.y)];
  const dots = points.map(pixel).map(([px, py]) => ({ left: px - 7, right: px + 7, top: py - 7, bottom: py + 7 }));
  const strokes = lines.flatMap((line) => line.slice(1).flatMap((end, n) => cover(pixel(line[n]), pixel(end))));
  const taken = [...dots, ...strokes], names = [];
  const homeless = points.filter((point, index) => {
    const text = short(point.text, 28), long = pen.measureText(text).width, [px, py] = pixel(point);
    const left = -8 - long, middle = -long / 2;
    const places = [[11, 0], [left - 3, 0], [left, -13], [8, 13], [middle, -16], [middle, 17], [8, -13], [left, 13]];
    for (const [dx, dy] of places) {
      const box = { left: px + dx - 2, right: px + dx + long + 2, top: py + dy - 8, bottom: py + dy + 8 };
      if (box.left < 0 || box.right > width || box.top < 0 || box.bottom > height) continue;
      if (taken.some((other) => other !== dots[index] && overlap(box, other))) continue;
      taken.push(box);
      names.push({ px: px + dx, py: py + dy, text, opacity: point.faint ? 0.75 : 1 });
      return false;
    }
    return true;
  });
  await view.data("names", names).runAsync();
  return homeless;
}

const overlap = (a, b) => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

// Small boxes along a line.
function cover([x0, y0], [x1, y1]) {
  const count = Math.min(200, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 8)) || 1;
  return Array.from({ length: count + 1 }, (_, n) => {
    const x = x0 + ((x1 - x0) * n) / count, y = y0 + ((y1 - y0) * n) / count;
    return { left: x - 2, right: x + 2, top: y - 1, bottom: y + 1 };
  });
}
// The corners of steps that go level until the next point.
const corners = (steps) => steps.flatMap((step, n) => (n ? [{ x: step.x, y: steps[n - 1].y }, step] : [step]));

// A model's point, with its intervals and its look; the many are drawn small.
function markOf(point, many) {
  const color = colourOf(point);
  return {
    m: point.m, x: point.cost, y: 100 * point.accuracy, color, fill: point.type === "reasoning" ? color : "var(--card)",
    low: 100 * point.low, high: 100 * point.high, x_low: point.costLow, x_high: point.costHigh,
    shape: SHAPES.get(point.kind) || "square", size: (point.on ? 120 : 70) * (many ? 0.5 : 1),
  };
}

// The two bars of a point's intervals.
const barsOf = ({ x, y, low, high, x_low, x_high }) => [
  [{ x, y: low }, { x, y: high }],
  [{ x: x_low, y }, { x: x_high, y }],
];

async function drawFrontier(chosen, budget) {
  const { points, frontier, all, unit } = chosen, log = choice.scale === "log";
  const drawable = all.filter((point) => !point.left), costs = drawable.map((point) => point.cost);
  const ticks = byId("frontier").clientWidth > 560 ? 9 : 5;
  const parameters = {
    ...axis("x", log ? costs : [0, ...costs.map((cost) => 1.05 * cost)], log, ticks),
    ...percentAxis(drawable.flatMap((point) => [100 * point.low, 100 * point.high]), 7),
  };
  const named = [...frontier, ...points.filter((point) => !point.on).sort((a, b) => a.gap - b.gap)];
  // Names go from the frontier down; marks the other way round, so that the frontier is drawn over the rest.
  const marks = named.map((point) => markOf(point, points.length > 60)).reverse();
  const steps = frontier.map((point) => ({ x: point.cost, y: 100 * point.accuracy }));
  if (steps.length) steps.push({ ...steps[steps.length - 1], x: parameters.x_max });
  const view = await draw("frontier", unit ? unit.name : "", log, parameters, {
    points: marks, steps, band: bandOf(chosen), ...budgetMarks(budget), names: [],
  });
  const texts = named.map((point) => ({
    x: point.cost, y: 100 * point.accuracy, text: point.name, faint: !point.on,
  }));
  const homeless = await placeNames(view, texts, [corners(steps), ...(marks.length > 30 ? [] : marks.flatMap(barsOf))]);
  showUnnamed(homeless.filter((point) => !point.faint).sort((a, b) => a.x - b.x));
}

// The models on the frontier for whose names the drawing has no place, in words.
function showUnnamed(points) {
  const names = points.flatMap((point, n) => [n ? ", " : "", bdi(point.text), ` (${percent(point.y / 100)})`]);
  byId("frontier-unnamed").hidden = !points.length;
  byId("frontier-unnamed").replaceChildren("Also on the frontier, with no room for a name, the cheapest first: ", ...names, ".");
}

// Where other questions would mostly have put the frontier; it is known for all models together alone.
function bandOf({ cost, unit }) {
  const band = cost && everythingShown() ? cost.band[choice.scope] : null;
  return band ? band.cost.map((x, n) => ({ x: x / unit.size, y: 100 * band.low[n], y2: 100 * band.high[n] })) : [];
}

function budgetMarks(budget) {
  if (!budget) return { budget: [], chosen: [] };
  const { cost, best } = budget;
  return { budget: [{ x: cost }], chosen: best ? [{ x: best.cost, y: 100 * best.accuracy }] : [] };
}

async function drawTrend() {
  const trend = DATA.trend, [size, unit] = flopsUnit(Math.min(...trend.flops));
  const rows = trend.flops.map((flops, n) => ({
    date: Date.parse(trend.date[n]), on: trend.date[n], y: flops / size, text: trend.name[n], record: trend.record[n],
    label: `${number(100 * trend.threshold[n])}% right`,
  }));
  const last = Date.parse(DATES[DATES.length - 1]);
  const levels = [...new Set(rows.map((row) => row.label))].map((label) => rows.filter((row) => row.label === label));
  const lines = levels.map((level) => [...level, { ...level[level.length - 1], date: last }]);
  const view = await draw("trend", unit, true, axis("y", rows.map((row) => row.y), true, 6), {
    steps: lines.flat(), records: rows.filter((row) => row.record), names: [],
  });
  const placed = (row) => ({ x: row.date, y: row.y, text: row.label });
  // Accuracies that were first reached by one model share a name.
  const names = levels.map(([row]) => placed(row)).filter((name, n, all) => {
    const first = all.find((other) => other.x === name.x && other.y === name.y);
    if (first !== name) first.text = `${first.text.replace("% right", "")}, ${name.text}`;
    return first === name;
  });
  await placeNames(view, names, lines.map((line) => corners(line.map(placed))));
}

// Where on its drawn curve a token budget lies.
function onCurve({ m, tokens, accuracy }, budget) {
  const found = tokens.findIndex((value) => value >= budget), n = found < 0 ? tokens.length - 1 : found;
  const before = Math.max(0, n - 1), whole = Math.log(tokens[n] / tokens[before]);
  const part = whole ? Math.min(1, Math.log(budget / tokens[before]) / whole) : 1;
  const y = 100 * (accuracy[before] + part * (accuracy[n] - accuracy[before]));
  return { m, x: budget, y, color: colourOf(MODELS[m]), enough: budget };
}

// The curves of some models on one benchmark.
async function drawSaturation(curves) {
  const lines = curves.map(({ m, tokens, accuracy }) => (
    tokens.map((x, n) => ({ m, x, y: 100 * accuracy[n], color: colourOf(MODELS[m]) }))
  ));
  const enough = curves.filter((curve) => curve.enough).map((curve) => onCurve(curve, curve.enough));
  const points = lines.flat();
  const parameters = {
    ...axis("x", points.map((point) => point.x), true, 6),
    ...percentAxis([0, ...points.map((point) => point.y)], 5),
  };
  const view = await draw("saturation", "", true, parameters, { lines: points, enough, names: [] });
  const ends = curves.map(({ m }, n) => enough.find((mark) => mark.m === m) || lines[n][lines[n].length - 1]);
  await placeNames(view, ends.map((end) => ({ ...end, text: MODELS[end.m].name })), lines);
}
