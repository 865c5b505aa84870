// What the reader chose stands behind the # of the address, so that a link shows what was seen.
// Keys are a place and a word: t2.sort is the order of the second table, f1.x the scale of the first figure.

let chosen = new URLSearchParams(location.hash.slice(1));
const shownAgain = [];

function asked(key, otherwise = "") {
  return chosen.get(key) ?? otherwise;
}

function askedList(key) {
  return new Set(asked(key).split("~").filter(Boolean).map(decodeURIComponent));
}

// Everything that was chosen under these keys, as one text to compare.
function askedOf(isMeant) {
  return String(new URLSearchParams([...chosen].filter(([key]) => isMeant(key)).sort()));
}

function keep(key, value, otherwise = "") {
  if (value === otherwise || value === "") chosen.delete(key);
  else chosen.set(key, value);
  const hash = chosen.toString();
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]);
  } catch {
    location.hash = hash; // a page inside another may not rewrite its address
  }
}

function keepList(key, values) {
  keep(key, [...values].map((value) => encodeURIComponent(value).replaceAll("~", "%7E")).join("~"));
}

// Calls `show` now, and whenever somebody goes to another address of this page.
function showing(show) {
  shownAgain.push(show);
  show();
}

function showAll() {
  for (const show of shownAgain) show();
}

addEventListener("hashchange", () => {
  const there = new URLSearchParams(location.hash.slice(1));
  if (there.toString() === chosen.toString()) return;
  chosen = there;
  showAll();
});
