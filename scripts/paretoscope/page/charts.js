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
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) ticks.push(Number((n * step).toPrecision(6)));
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
  const [low, high] = values.length ? [Math.max(0, Math.min(...values) - 3), Math.min(101.5, Math.max(...values) + 3)] : [0, 100];
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

// Names beside points, the important first, each where it covers no point, no other name and none of the lines.
function placeNames(view, points, lines = [], size = 12) {
  const [x, y] = ["x", "y"].map((name) => view.scale(name));
  const [width, height] = [x.range()[1], y.range()[0]];
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${size}px system-ui, sans-serif`;
  const dots = points.map((point) => ({ left: x(point.x) - 7, right: x(point.x) + 7, top: y(point.y) - 7, bottom: y(point.y) + 7 }));
  const strokes = lines.flatMap((line) => line.slice(1).flatMap((end, n) => cover([x(line[n].x), y(line[n].y)], [x(end.x), y(end.y)])));
  const taken = [...dots, ...strokes], names = [];
  points.forEach((point, index) => {
    const text = short(point.text, 28), long = pen.measureText(text).width, px = x(point.x), py = y(point.y);
    const places = [[11, 0], [-11 - long, 0], [-8 - long, -13], [8, 13], [-long / 2, -16], [-long / 2, 17], [8, -13], [-8 - long, 13]];
    for (const [dx, dy] of places) {
      const box = { left: px + dx - 2, right: px + dx + long + 2, top: py + dy - 8, bottom: py + dy + 8 };
      if (box.left < 0 || box.right > width || box.top < 0 || box.bottom > height) continue;
      if (taken.some((other) => other !== dots[index] && box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top)) continue;
      taken.push(box);
      names.push({ px: px + dx, py: py + dy, text, opacity: point.faint ? 0.75 : 1 });
      break;
    }
  });
  return view.data("names", names).runAsync();
}

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

async function drawFrontier(chosen, budget) {
  const { points, frontier, all, unit } = chosen, log = choice.scale === "log";
  const known = all.filter((point) => !point.left), costs = known.map((point) => point.cost);
  const wide = byId("frontier").clientWidth > 560;
  const parameters = {
    ...axis("x", log ? costs : [0, ...costs.map((cost) => 1.05 * cost)], log, wide ? 9 : 5),
    ...percentAxis(known.flatMap((point) => [100 * point.low, 100 * point.high]), 7),
  };
  const many = points.length > 60;
  const marks = points.map((point) => ({
    m: point.m, x: point.cost, y: 100 * point.accuracy, low: 100 * point.low, high: 100 * point.high, x_low: point.costLow, x_high: point.costHigh,
    color: colourOf(point), fill: point.type === "reasoning" ? colourOf(point) : "var(--card)", shape: SHAPES.get(point.kind) || "square",
    size: point.on ? (many ? 70 : 120) : many ? 25 : 70,
  }));
  const end = { x: parameters.x_max, y: frontier.length ? 100 * frontier[frontier.length - 1].accuracy : null };
  const steps = frontier.length ? [...frontier.map((point) => ({ x: point.cost, y: 100 * point.accuracy })), end] : [];
  const view = await draw("frontier", chosen.unit ? unit.name : "", log, parameters, {
    points: many ? marks.filter((mark, index) => points[index].on).concat(marks.filter((mark, index) => !points[index].on)) : marks,
    steps, band: bandOf(chosen), ...budgetMarks(budget), names: [],
  });
  const order = [...frontier, ...points.filter((point) => !point.on).sort((a, b) => a.gap - b.gap)];
  const bars = marks.length > 30 ? [] : marks.flatMap(({ x, y, low, high, x_low, x_high }) => [[{ x, y: low }, { x, y: high }], [{ x: x_low, y }, { x: x_high, y }]]);
  await placeNames(view, order.map((point) => ({ x: point.cost, y: 100 * point.accuracy, text: point.name, faint: !point.on })), [corners(steps), ...bars]);
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
    date: Date.parse(trend.date[n]), y: flops / size, label: `${number(100 * trend.threshold[n])}% right`, text: trend.name[n], record: trend.record[n], on: trend.date[n],
  }));
  const last = Date.parse(DATES[DATES.length - 1]);
  const levels = [...new Set(rows.map((row) => row.label))].map((label) => rows.filter((row) => row.label === label));
  const lines = levels.map((level) => [...level, { ...level[level.length - 1], date: last }]);
  const view = await draw("trend", unit, true, axis("y", rows.map((row) => row.y), true, 6), {
    steps: lines.flat(), records: rows.filter((row) => row.record), names: [],
  });
  const strokes = lines.map((line) => corners(line.map((row) => ({ x: row.date, y: row.y }))));
  await placeNames(view, levels.map(([row]) => ({ x: row.date, y: row.y, text: row.label })), strokes);
}

// The curves of the models on the frontier, or of the most accurate, of one benchmark.
async function drawSaturation(curves, chosen) {
  const lines = curves.flatMap(({ m, tokens, accuracy }) => tokens.map((x, n) => ({ m, x, y: 100 * accuracy[n], color: colourOf(MODELS[m]) })));
  const enough = curves.filter((curve) => curve.enough).map((curve) => {
    const found = curve.tokens.findIndex((tokens) => tokens >= curve.enough), n = found < 0 ? curve.tokens.length - 1 : found;
    const [x0, x1, y0, y1] = [curve.tokens[n - 1] ?? curve.enough, curve.tokens[n], curve.accuracy[n - 1] ?? curve.accuracy[n], curve.accuracy[n]];
    const part = x1 > x0 ? Math.log(curve.enough / x0) / Math.log(x1 / x0) : 1;
    return { m: curve.m, x: curve.enough, y: 100 * (y0 + part * (y1 - y0)), color: colourOf(MODELS[curve.m]), enough: curve.enough };
  });
  const parameters = { ...axis("x", lines.map((line) => line.x), true, 6), ...percentAxis([0, ...lines.map((line) => line.y)], 5) };
  const view = await draw("saturation", "", true, parameters, { lines, enough, names: [] });
  const ends = curves.map((curve) => ({ x: curve.enough || curve.tokens[curve.tokens.length - 1], y: (enough.find((mark) => mark.m === curve.m) || { y: 100 * curve.accuracy[curve.accuracy.length - 1] }).y, text: MODELS[curve.m].name }));
  await placeNames(view, ends, curves.map((curve) => lines.filter((line) => line.m === curve.m)));
}
