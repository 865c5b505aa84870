// Tables that sort, filter, copy, and leave out what has no room.

const LEAST_FILTERED = 8; // rows; fewer are seen at a glance
const COLLATOR = new Intl.Collator(document.documentElement.lang, { numeric: true });
const UNITS = {
  ns: 1e-9, "\u00b5s": 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400,
  B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1048576, GiB: 1073741824,
}; // prettier-ignore
const NUMBER =
  /^([<>\u2264\u2265]?)\s*([+-]?)(\u221e|\d[\d,]*\.?\d*(?:e[+-]?\d+)?)(?:\/(\d[\d,]*))?(?:\s?(\S+))?/;
const FORMATS = [["Markdown", asMarkdown], ["LaTeX", asLatex], ["CSV", asCsv]]; // prettier-ignore

class Table {
  constructor(table, name) {
    this.table = table;
    this.name = name;
    this.box = table.parentElement;
    this.rows = [...table.tBodies[0].rows];
    this.heads = [...table.tHead.rows[0].cells];
    this.makeButtons();
    this.makeTools();
    showing(() => this.show());
    addEventListener("resize", () => this.fit());
  }

  makeButtons() {
    if (this.rows.length < 2) return;
    this.heads.forEach((head, i) => {
      const text = head.textContent;
      head.replaceChildren(
        make("button", { type: "button", class: "sort", click: () => this.turn(i) }, text),
      );
    });
  }

  makeTools() {
    const { caption } = this.table;
    const title = caption?.textContent ?? phrase("table");
    // The title stands in one line with the tools, and in the table for those who hear it.
    caption?.classList.add("unseen");
    const head = caption && make("b", { class: "title", "aria-hidden": "true" }, title);
    const copies = FORMATS.map(([format, render]) =>
      make("button", { type: "button", click: () => this.copied(format, render) }, format),
    );
    this.more = make("button", { type: "button", class: "more", click: () => this.toggleColumns() });
    this.count = make("span", { class: "count" });
    if (this.rows.length >= LEAST_FILTERED) {
      const label = phrase("filter the rows of {0}", title);
      this.filter = make("input", {
        type: "search",
        placeholder: phrase("filter rows"),
        "aria-label": label,
      });
      this.filter.addEventListener("input", () => {
        keep(`${this.name}.rows`, this.filter.value);
        this.show();
        say(this.count.textContent || phrase("{0} of {1} rows", this.rows.length, this.rows.length));
      });
    }
    const copying = make(
      "span",
      { class: "choice", role: "group", "aria-label": phrase("copy {0}", title) },
      make("b", {}, phrase("copy")),
      ...copies,
    );
    this.box.before(make("div", { class: "tools" }, head, this.filter, this.count, this.more, copying));
  }

  show() {
    this.sort();
    this.search();
    this.fit();
  }

  turn(column) {
    const now = asked(`${this.name}.sort`);
    const next = now === `${column}` ? `-${column}` : now === `-${column}` ? "" : `${column}`;
    keep(`${this.name}.sort`, next);
    this.sort();
    const name = this.heads[column].textContent;
    say(
      next === ""
        ? phrase("rows in their first order")
        : phrase(next[0] === "-" ? "sorted by {0}, descending" : "sorted by {0}, ascending", name),
    );
  }

  sort() {
    const wanted = /^(-?)(\d+)$/.exec(asked(`${this.name}.sort`));
    const column = wanted && Number(wanted[2]) < this.heads.length ? Number(wanted[2]) : -1;
    this.heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", wanted[1] ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const rows = column < 0 ? this.rows : ordered(this.rows, column, wanted[1] ? -1 : 1);
    if (rows.some((row, i) => row !== this.table.tBodies[0].rows[i])) this.table.tBodies[0].append(...rows);
  }

  search() {
    const words = asked(`${this.name}.rows`).toLowerCase().split(/\s+/).filter(Boolean);
    if (this.filter && this.filter.value !== asked(`${this.name}.rows`))
      this.filter.value = asked(`${this.name}.rows`);
    let shown = 0;
    for (const row of this.rows) {
      const text = words.length ? row.textContent.toLowerCase() : "";
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    this.count.textContent =
      shown === this.rows.length ? "" : phrase("{0} of {1} rows", shown, this.rows.length);
  }

  // The columns of the highest rank go first, as they do in a narrow terminal.
  fit() {
    const isWhole = asked(`${this.name}.columns`) === "all";
    this.table.removeAttribute("data-without");
    const gone = [];
    const byRank = this.heads
      .map((head, i) => [Number(head.dataset.rank ?? 0), i])
      .filter(([rank]) => rank > 0);
    byRank.sort(([a, i], [b, j]) => b - a || j - i);
    while (byRank.length && !isWhole && this.table.scrollWidth > this.box.clientWidth) {
      gone.push(byRank.shift()[1] + 1);
      this.table.dataset.without = gone.map((place) => `-${place}-`).join("");
    }
    this.more.hidden = !gone.length && !(isWhole && this.table.scrollWidth > this.box.clientWidth);
    this.more.textContent = isWhole
      ? phrase("fewer columns")
      : phrase(gone.length === 1 ? "{0} more column" : "{0} more columns", gone.length);
    // What scrolls must be reachable with the keyboard.
    if (this.table.scrollWidth > this.box.clientWidth) this.box.tabIndex = 0;
    else this.box.removeAttribute("tabindex");
  }

  toggleColumns() {
    keep(`${this.name}.columns`, asked(`${this.name}.columns`) === "all" ? "" : "all");
    this.fit();
  }

  async copied(format, render) {
    await copy(render(this.table));
    const shown = this.rows.filter((row) => !row.hidden).length;
    say(phrase(shown === 1 ? "copied {0} row as {1}" : "copied {0} rows as {1}", shown, format));
  }
}

function ordered(rows, column, sign) {
  const keyed = rows.map((row) => [row.cells[column].textContent.trim(), row]);
  const present = keyed.filter(([text]) => text && text !== "\u2014");
  const absent = keyed.filter(([text]) => !text || text === "\u2014");
  const sizes = present.map(([text]) => sizeOf(text));
  const isNumeric = sizes.every((size) => size !== null);
  const order = present.map((_, i) => i);
  order.sort(
    (i, j) =>
      sign * (isNumeric ? sizes[i] - sizes[j] || 0 : COLLATOR.compare(present[i][0], present[j][0])) || i - j,
  );
  // What has no value stands last, whichever way the others go.
  return [...order.map((i) => present[i][1]), ...absent.map(([, row]) => row)];
}

// "97.1 [96.7, 97.6]" is 97.1, "9/10" nine tenths, "12.5 ms" 0.0125, ">900" a little more than 900.
function sizeOf(text) {
  if (text === "never") return Number.MAX_VALUE;
  if (text === "no score") return -Number.MAX_VALUE;
  const found = NUMBER.exec(text.replaceAll("\u2212", "-"));
  if (!found) return null;
  const [, bound, sign, digits, of, unit] = found;
  let size = digits === "\u221e" ? Number.MAX_VALUE : Number(digits.replaceAll(",", ""));
  if (of) size /= Number(of.replaceAll(",", "")) || 1;
  size *= UNITS[unit] ?? 1;
  if (bound === ">" || bound === "\u2265") size *= 1 + 1e-9;
  if (bound === "<" || bound === "\u2264") size *= 1 - 1e-9;
  return sign === "-" ? -size : size;
}

function startTables() {
  const hiding = new CSSStyleSheet();
  const most = Math.max(0, ...[...document.querySelectorAll("thead tr")].map((row) => row.cells.length));
  for (let i = 1; i <= most; i += 1) {
    hiding.insertRule(`[data-without*="-${i}-"] :is(th, td):nth-child(${i}) { display: none; }`);
  }
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, hiding];
  document.querySelectorAll(".table > table").forEach((table, i) => new Table(table, `t${i + 1}`));
}
