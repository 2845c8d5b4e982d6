"use strict";
const cards = [...document.querySelectorAll("article")];
const search = document.getElementById("search");
// What a card can be found by: its text, and the source of its formulas.
const texts = cards.map((card) => {
  const formulas = [...card.querySelectorAll("math")].map((math) => math.getAttribute("alttext"));
  return [card.textContent, ...formulas].join(" ").toLowerCase();
});

function update() {
  const show = document.querySelector("input[name=show]:checked").value;
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  cards.forEach((card, index) => {
    const fits = show === "all" || card.dataset.tags.split(" ").includes(show);
    card.hidden = !(fits && words.every((word) => texts[index].includes(word)));
    count += !card.hidden;
  });
  document.getElementById("count").textContent = `${count} of ${cards.length}`;
  document.getElementById("none").hidden = count > 0;
  showAnswers();
}

// A long reply is scrolled to the answer that was found in it, or else to its end.
function showAnswers() {
  for (const reply of document.querySelectorAll(".reply:not([data-scrolled])")) {
    if (reply.offsetParent === null) continue;
    const mark = reply.querySelector("mark");
    reply.scrollTop = mark ? mark.offsetTop - reply.clientHeight / 2 : reply.scrollHeight;
    reply.dataset.scrolled = "";
  }
}

function step(by) {
  const visible = cards.filter((card) => !card.hidden);
  const current = visible.indexOf(document.activeElement.closest("article"));
  const next = visible[Math.max(0, Math.min(visible.length - 1, current + by))];
  if (next) next.focus();
}

document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("input", update);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && document.activeElement === search) {
    search.value = "";
    search.blur();
    update();
  } else if (document.activeElement !== search) {
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    } else if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    }
  }
});
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
update();
