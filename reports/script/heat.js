// Heat maps: grids of cells that tell their value, their distance from the best, and can be put in order.
//
// figure.maps[] have axes (down, across), rows, columns, and for every cell lines of text and a value.

class Heat {
  constructor(figure, name, host, section) {
    Object.assign(this, { figure, name, host, section });
    // The axes of the section, as the legend of every figure knows them.
    figure.rows = figure.maps.flatMap(({ axes: [down, across], rows, columns }) => [
      ...rows.map((row) => ({ axes: { [down]: row } })),
      ...columns.map((column) => ({ axes: { [across]: column } })),
    ]);
    this.controls = make("div", { class: "tools" });
    this.legend = make("div", { class: "legend" });
    this.grid = make("div", { class: "panels maps" });
    this.tip = make("div", { class: "tip", hidden: true });
    host.append(this.controls, this.legend, this.grid, this.tip);
    showing(() => this.show());
  }

  asked(word) {
    return asked(`${this.name}.${word}`);
  }

  choice(name, word, options, otherwise) {
    const now = options.find(([value]) => value === this.asked(word))?.[0] ?? otherwise;
    const choose = (value) => (keep(`${this.name}.${word}`, value, otherwise), showAll());
    return [now, options.length > 1 ? choice(name, options, now, choose) : null];
  }

  show() {
    const { maps, scales, scale } = this.figure;
    const before = this.choices;
    this.choices = askedOf((key) => key.startsWith(`${this.name}.`) || key.startsWith(`${this.section}.`));
    if (this.choices === before) return;
    const orders = [["", phrase("as given")], ["best", phrase("best first")]]; // prettier-ignore
    const ranges = [["", phrase("over all maps")], ["each", phrase("in each map")]]; // prettier-ignore
    const [order, orderChoice] = this.choice(phrase("order"), "order", orders, "");
    const [range, rangeChoice] = this.choice(phrase("brightness"), "range", maps.length > 1 ? ranges : [], "");
    const names = scales.map((kind) => [kind, phrase(SCALE_NAMES[kind])]);
    const [kind, scaleChoice] = this.choice(phrase("scale"), "scale", names, scale);
    Object.assign(this, { isOrdered: order === "best", isEach: range === "each", kind });
    const hint = make("span", { class: "hint" }, phrase("arrow keys read values"));
    replaceKeepingFocus(this.controls, orderChoice, rangeChoice, scaleChoice, hint);
    replaceKeepingFocus(this.legend, ...axisLegend(this.figure, this.section));
    this.drawMaps();
  }

  drawMaps() {
    const all = this.figure.maps.map((map) => this.shown(map)).filter((map) => map.rows.length && map.columns.length);
    const alone = all.filter((map) => map.title === this.asked("map"));
    const maps = alone.length ? alone : all;
    this.range = rangeOf(maps.flatMap((map) => map.cells.flat().map((cell) => cell.value)), this.kind);
    this.tip.hidden = true;
    replaceKeepingFocus(this.grid, ...maps.map((map) => this.map(map, alone.length > 0)));
  }

  // The rows and columns that are switched on, in the order that was asked for.
  shown({ title, axes, rows, columns, lines, values }) {
    const [down, across] = axes;
    const places = (names, axis) => [...names.keys()].filter((i) => isAxesOn({ [axis]: names[i] }, this.section));
    let [is, js] = [places(rows, down), places(columns, across)];
    if (this.isOrdered) {
      const sign = this.figure.moreIsBetter ? -1 : 1;
      const mean = (cells) => {
        const known = cells.filter((value) => value !== null);
        return known.length ? (sign * known.reduce((a, b) => a + b, 0)) / known.length : Infinity;
      };
      const sorted = (list, cellsOf) => list.toSorted((a, b) => mean(cellsOf(a)) - mean(cellsOf(b)) || a - b);
      [is, js] = [sorted(is, (i) => js.map((j) => values[i][j])), sorted(js, (j) => is.map((i) => values[i][j]))];
    }
    const cells = is.map((i) =>
      js.map((j) => ({ row: rows[i], column: columns[j], lines: lines[i][j], value: values[i][j] })),
    );
    return { title, axes, rows: is.map((i) => rows[i]), columns: js.map((j) => columns[j]), cells };
  }

  map({ title, axes, columns, cells }, isAlone) {
    const known = cells.flat().filter(({ value }) => isPlaced(this.kind, value));
    const values = known.map(({ value }) => value);
    const best = this.figure.moreIsBetter ? Math.max(...values) : Math.min(...values);
    const range = this.isEach ? rangeOf(values, this.kind) : this.range;
    const told = { best, n: known.length, range, values };
    const head = button(title, null, () => {
      keep(`${this.name}.map`, isAlone ? "" : title);
      showAll();
    }, { class: "title", disabled: this.figure.maps.length === 1 }); // prettier-ignore
    const table = make(
      "table",
      { class: "heat", role: "grid", "aria-label": title, pointerleave: (e) => isMouse(e) && this.leave(), keydown: (e) => this.press(e) },
      make("thead", {}, make("tr", {}, make("td", {}), ...columns.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...cells.map((row, i) => make("tr", {}, make("th", { scope: "row" }, row[0].row), ...row.map((cell, j) => this.cell(cell, i + j === 0, told))))),
    ); // prettier-ignore
    table.dataset.axes = axes.join(" ");
    return make("div", { class: "map" }, head, make("div", { class: "scrolls" }, table));
  }

  cell(cell, isFirst, told) {
    const [first, ...rest] = cell.lines;
    const look = isPlaced(this.kind, cell.value) ? this.lookOf(cell.value, told.range) : null;
    const element = make(
      "td",
      {
        class: look ? (cell.value === told.best ? "best" : null) : "missing",
        tabindex: isFirst ? 0 : -1,
        pointerenter: () => this.read(element, cell, told),
        focus: () => (this.read(element, cell, told), say(this.said(cell, told).join(". "))),
        blur: () => this.leave(),
      },
      make("span", {}, first),
      ...rest.map((line) => make("small", {}, line)),
    );
    if (look) Object.assign(element.style, look);
    return element;
  }

  // From the worst to the best colour, and letters that can be read on it.
  lookOf(value, [low, high]) {
    const { colours, moreIsBetter } = this.figure;
    const place = SCALES[this.kind].to;
    const share = high === low ? 0.5 : (place(value) - place(low)) / (place(high) - place(low));
    const at = (moreIsBetter ? share : 1 - share) * (colours.length - 1);
    const i = Math.min(Math.floor(at), colours.length - 2);
    const parts = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
    const [from, to] = [parts(colours[i]), parts(colours[i + 1])];
    const mixed = from.map((part, k) => Math.round(part + (to[k] - part) * (at - i)));
    const luminance = (0.2126 * mixed[0] + 0.7152 * mixed[1] + 0.0722 * mixed[2]) / 255;
    return { background: `rgb(${mixed.join(" ")})`, color: luminance < 0.5 ? "#fff" : "#000" };
  }

  said({ row, column, lines, value }, { best, n, values }) {
    const { factor, unit, moreIsBetter } = this.figure;
    const head = `${row}, ${column}: ${lines.join(" ")}`;
    if (!isPlaced(this.kind, value)) return [head];
    const place = 1 + values.filter((other) => (moreIsBetter ? other > value : other < value)).length;
    const gap = value === best ? phrase("the best") : phrase("{0} from the best", written((value - best) * factor, unit, true));
    return [head, phrase("place {0} of {1}", place, n), gap];
  }

  read(element, cell, told) {
    this.leave();
    const [head, ...rest] = this.said(cell, told);
    this.tip.replaceChildren(make("div", { class: "first" }, head), ...rest.map((text) => make("div", {}, text)));
    const row = element.parentElement;
    const heads = [row.cells[0], row.closest("table").tHead.rows[0].cells[element.cellIndex]];
    for (const each of heads) each.classList.add("strong");
    this.tip.hidden = false;
    const [box, outer] = [element.getBoundingClientRect(), this.host.getBoundingClientRect()];
    const most = outer.width - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(box.left - outer.left, most))}px`;
    this.tip.style.top = `${box.bottom - outer.top + 4}px`;
  }

  leave() {
    this.tip.hidden = true;
    for (const each of this.grid.querySelectorAll("th.strong")) each.classList.remove("strong");
  }

  // The tab key comes to a map, the arrow keys go through its cells.
  press(event) {
    const cell = event.target;
    if (cell.tagName !== "TD" || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = [...cell.closest("tbody").rows];
    const [i, j] = [cell.parentElement.sectionRowIndex, cell.cellIndex];
    const last = rows[i].cells.length - 1;
    const to = { ArrowDown: [i + 1, j], ArrowUp: [i - 1, j], ArrowRight: [i, j + 1], ArrowLeft: [i, j - 1], Home: [i, 1], End: [i, last] }[event.key]; // prettier-ignore
    if (event.key === "Escape") return this.leave();
    if (!to) return;
    event.preventDefault();
    const next = to[1] > 0 ? rows[to[0]]?.cells[to[1]] : undefined;
    if (!next) return;
    [cell.tabIndex, next.tabIndex] = [-1, 0];
    next.focus();
  }
}
