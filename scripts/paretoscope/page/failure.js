// What wrong answers cost, and what the frontier would lose without a class of models.
const FAMILIES_SHOWN = 5;
const CLASSES = new Map([["dense", "dense models"], ["moe", "mixtures of experts"], ["hybrid", "hybrids"]]);
const decades = (value) => value.toFixed(2);
const rangeOf = ({ low, high }, show) => (known(high) ? `${show(low)} to ${show(high)}` : `${show(low)} or more`);

// The models shown with what they spend on wrong answers; a right answer's cost is told as a multiple of the mean.
function failureRows() {
  const { cost, points } = chosen, s = choice.scope;
  if (!cost || !cost.failure) return [];
  const read = (name, m, size) => Object.fromEntries(["mean", "low", "high"].map((end) => {
    const value = cost.failure[name][end][s][m];
    return [end, known(value) ? value * size : null];
  }));
  const rows = points.map((point) => (
    { ...point, wrong: read("wrong_share", point.m, 1), right: read("per_correct", point.m, point.cost) }
  ));
  return rows.filter((row) => known(row.wrong.mean));
}

function showFailure() {
  const rows = failureRows(), unit = chosen.unit ? chosen.unit.name : "Cost";
  byId("failure").hidden = !rows.length;
  byId("failure-words").textContent = rows.length
    ? "Wrong answers are paid for as well: the share of all that is spent that goes into them, and what a right one "
      + "costs with the wrong ones added. Ranges are 95% intervals."
    : "Not worked out for this cost or this group of benchmarks.";
  const columns = [
    NAMES,
    {
      key: "wrong", head: "Spent on wrong answers", number: true, value: (row) => row.wrong.mean,
      show: (row) => ranged(percent(row.wrong.mean), known(row.wrong.low) ? interval(row.wrong) : ""),
    },
    {
      key: "right", head: `${unit} per right answer`, number: true, value: (row) => row.right.mean,
      show: (row) => (known(row.right.mean)
        ? ranged(number(row.right.mean), known(row.right.low) ? rangeOf(row.right, number) : "") : "none is right"),
    },
  ];
  sortable(byId("failure"), columns, orders.failure).show(rows);
  showClasses();
}

function classWords({ facet, value, lost }) {
  const name = facet === "family" ? ["the family ", bdi(value)]
    : facet === "kind" ? CLASSES.get(value) || bdi(value) : [bdi(value), " models"];
  const words = ` the frontier loses ${lost.mean < 0.005 ? "less than 0.01" : decades(lost.mean)} decades`;
  return make("li", {}, "Without ", name, words, known(lost.low) ? ` (${rangeOf(lost, decades)}).` : ".");
}

function showClasses() {
  const { cost } = chosen, s = choice.scope, area = cost && cost.hypervolume;
  byId("classes").hidden = !area || !known(area.mean[s]);
  if (byId("classes").hidden) return;
  const { facet, value, ...lost } = cost.without[s];
  const rows = facet.map((name, n) => (
    { facet: name, value: value[n], lost: { mean: lost.mean[n], low: lost.low[n], high: lost.high[n] } }
  ));
  const families = rows.filter((row) => row.facet === "family").sort((a, b) => b.lost.mean - a.lost.mean);
  const more = families.length - FAMILIES_SHOWN;
  byId("area").textContent = [
    `The area under the frontier (hypervolume) is ${decades(area.mean[s])} decades`,
    known(area.low[s]) ? ` (95%: ${decades(area.low[s])} to ${decades(area.high[s])})` : "",
    ". One decade is a tenfold cost at 100% right; the area ends at ten times the dearest model's cost.",
    " All models count, whatever the filters.",
  ].join("");
  byId("without").replaceChildren(
    ...rows.filter((row) => row.facet !== "family").map(classWords), ...families.slice(0, FAMILIES_SHOWN).map(classWords),
    ...(more > 0 ? [make("li", {}, `${more} more families, that add less, are in failure/counterfactuals.csv.`)] : []),
  );
}
