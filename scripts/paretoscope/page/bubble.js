// The bubble beside a point, for mouse, touch and keys alike; all of it is text.
let active = -1; // the point that the arrow keys stand at

function bubbleOf(point) {
  const lines = [
    `${percent(point.accuracy)} right (${interval(point)})`,
    `${costWords(point)} per completion`,
    point.on ? "on the frontier" : `${(100 * point.gap).toFixed(1)} points behind the frontier`,
    surely(point),
    [point.family, KINDS.get(point.kind) || point.kind, point.type, point.date].filter(Boolean).join(", "),
  ];
  return [strong(short(point.name, 200)), ...lines.filter(Boolean).map((line) => make("div", {}, bdi(line)))];
}

// Called by Vega with the mark under the pointer, or none.
function showBubble(handler, event, item, value) {
  const datum = value && item && item.datum, bubble = byId("bubble");
  bubble.hidden = !datum;
  if (!datum) return;
  const point = datum.m === undefined ? null : chosen.points.find((other) => other.m === datum.m);
  if (datum.enough) bubble.replaceChildren(strong(MODELS[datum.m].name), `${number(datum.enough)} tokens are enough`);
  else if (point) bubble.replaceChildren(...bubbleOf(point));
  else bubble.replaceChildren(strong(short(datum.text, 200)), make("div", {}, `${datum.label}, from ${datum.on}`));
  placeBubble(event.clientX, event.clientY);
}

function placeBubble(x, y) {
  const bubble = byId("bubble"), box = bubble.getBoundingClientRect();
  const below = y + 14 + box.height <= innerHeight;
  bubble.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
  bubble.style.top = `${below ? y + 14 : Math.max(4, y - box.height - 14)}px`;
}

function stepThroughPoints(event) {
  const by = new Map([["ArrowRight", 1], ["ArrowLeft", -1]]).get(event.key);
  const view = views.get("frontier")?.view, count = chosen.points.length;
  if (event.key === "Escape") byId("bubble").hidden = true;
  if (!by || !view || !count) return;
  event.preventDefault();
  const next = active < 0 && by < 0 ? count - 1 : active + by;
  active = Math.max(0, Math.min(count - 1, next));
  const point = chosen.points[active], box = byId("frontier").getBoundingClientRect(), [dx, dy] = view.origin();
  byId("bubble").replaceChildren(...bubbleOf(point));
  byId("bubble").hidden = false;
  placeBubble(box.left + dx + view.scale("x")(point.cost), box.top + dy + view.scale("y")(100 * point.accuracy));
  view.data("chosen", [{ x: point.cost, y: 100 * point.accuracy }]).runAsync();
}

function leavePoints() {
  active = -1;
  byId("bubble").hidden = true;
  views.get("frontier")?.view.data("chosen", budgetMarks(budget).chosen).runAsync();
}
