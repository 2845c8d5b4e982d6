// Filters: one button for each family, kind and type that there is. The family's buttons are the chart's legend, too.
const CIRCLE = "M8 2a6 6 0 1 0 .01 0z";
const OUTLINES = new Map([["moe", "M8 1 15 8 8 15 1 8z"], ["hybrid", "M8 2 15 14 1 14z"]]);

function swatch(facet, value) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  const colour = facet === "family" ? colourOf(MODELS.find((model) => model.family === value)) : "var(--soft)";
  path.setAttribute("d", (facet === "kind" && OUTLINES.get(value)) || CIRCLE);
  path.setAttribute("stroke", colour);
  path.setAttribute("stroke-width", 2);
  path.setAttribute("fill", facet === "type" && value !== "reasoning" ? "none" : colour);
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

function filterButton(facet, value) {
  const box = make("input", { type: "checkbox", checked: true }), hidden = choice.hidden.get(facet);
  box.addEventListener("change", () => (box.checked ? hidden.delete(value) : hidden.add(value)));
  const name = facet === "kind" ? KINDS.get(value) || value : value;
  return make("label", {}, box, make("span", {}, swatch(facet, value), bdi(short(name, 40))));
}

// A button that leaves out all values of a facet, or takes all in again, so that one of many is soon chosen.
function allOrNone(facet, values, labels) {
  const button = make("button", { type: "button" }, "all or none");
  button.addEventListener("click", () => {
    const hidden = choice.hidden.get(facet), none = !hidden.size;
    hidden.clear();
    if (none) values.forEach((value) => hidden.add(value));
    labels.forEach((label) => { label.control.checked = !none; });
    soon(update);
  });
  return button;
}

function makeFilters() {
  for (const facet of FACETS) {
    const values = sorted(DATA.models[facet]);
    if (values.length < 2) continue;
    const labels = values.map((value) => filterButton(facet, value));
    const legend = make("legend", {}, facet[0].toUpperCase() + facet.slice(1));
    const all = values.length > 3 ? allOrNone(facet, values, labels) : null;
    byId("filters").append(make("fieldset", { className: "pills" }, legend, labels, all));
  }
}
