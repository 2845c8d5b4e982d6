// From a choice to what is shown: words and tables at once and, when Vega is there, drawings.
let vegaIsHere = false;

function showDrawings() {
  if (!vegaIsHere) return;
  drawFrontier(chosen, budget);
  const { drawn } = saturationCurves();
  if (drawn.length) drawSaturation(drawn);
}

function update() {
  chosen = select();
  active = -1;
  byId("bubble").hidden = true;
  byId("date-shown").textContent = latest() || "";
  showAnswer();
  showBudget();
  showFrontierWords();
  showModels();
  showGrid();
  showSaturation();
  showFailure();
  showDrawings();
}

function updateBudget() {
  showBudget();
  const { budget: line, chosen: ring } = budgetMarks(budget);
  views.get("frontier")?.view.data("budget", line).data("chosen", ring).runAsync();
}

// Work is done once before the next frame, however often it is asked for.
const waiting = new Map();
function soon(work) {
  cancelAnimationFrame(waiting.get(work));
  waiting.set(work, requestAnimationFrame(work));
}

function readChoices() {
  choice.scope = Number(byId("scope").value);
  choice.cost = Number(byId("cost").value);
  choice.scale = byId("choices").querySelector("[name=scale]:checked").value;
  choice.date = DATES.length ? Number(byId("date").value) : -1;
  byId("date").setAttribute("aria-valuetext", latest() || "");
}

function fillControls() {
  const options = (names) => names.map((name, n) => make("option", { value: n }, name));
  const graded = DATA.benchmarks.flatMap((s) => DATA.accuracy.completions[s]).reduce((sum, n) => sum + (n || 0), 0);
  const benchmarks = `${DATA.benchmarks.length} ${DATA.benchmarks.length === 1 ? "benchmark" : "benchmarks"}`;
  byId("scale").textContent = `${MODELS.length} models, ${benchmarks}, ${graded.toLocaleString("en")} answers graded`;
  byId("scope").replaceChildren(...options(DATA.scopes.name));
  byId("cost").replaceChildren(...options(DATA.costs.map((cost) => `${cost.name} per completion`)));
  byId("date").max = Math.max(0, DATES.length - 1);
  byId("date").value = byId("date").max;
  byId("date").closest("label").hidden = DATES.length < 2;
  makeFilters();
  readChoices();
}

function listen() {
  const choices = byId("choices");
  choices.addEventListener("submit", (event) => event.preventDefault());
  choices.addEventListener("input", () => {
    readChoices();
    soon(update);
  });
  // A form is reset after its event.
  choices.addEventListener("reset", () => setTimeout(() => {
    FACETS.forEach((facet) => choice.hidden.get(facet).clear());
    byId("date").value = byId("date").max;
    readChoices();
    soon(update);
  }));
  byId("budget").addEventListener("input", () => soon(updateBudget));
  byId("find").addEventListener("input", showModels);
  byId("grid-fold").addEventListener("toggle", showGrid);
  byId("frontier").addEventListener("keydown", stepThroughPoints);
  byId("frontier").addEventListener("blur", leavePoints);
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

function redraw() {
  showDrawings();
  if (DATA.trend.flops.length) drawTrend();
}

// Called when Vega has been read, after the words and tables are there.
function start() {
  vegaIsHere = true;
  redraw();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) soon(redraw);
    width = innerWidth;
  });
}

fillControls();
showWarnings();
showTrendWords();
update();
listen();
