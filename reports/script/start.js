// Everything that the page can do besides being read begins here. Without it the page is whole.

const page = JSON.parse(document.getElementById("data").textContent);
const KINDS = { lines: Lines, standings: Standings, ranks: Ranks, heat: Heat, descent: Descent, dots: Dots };

function startFigures() {
  for (const [i, figure] of page.figures.entries()) {
    const host = document.getElementById(figure.id);
    const lively = make("div", { class: "lively" });
    host.querySelector(".still").replaceWith(lively);
    host.removeAttribute("role");
    host.removeAttribute("aria-label");
    new KINDS[figure.kind](figure, `f${i + 1}`, lively, host.closest("section").id);
  }
}

document.body.append(live);
startTheme();
startFigures();
startTables();
