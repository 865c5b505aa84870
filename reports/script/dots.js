// Quantities, each on an axis of its own: mean, interval, the side on which a claim holds, and what each
// seed measured.

const DOT = { words: 20, plot: 26, ticks: 18, gap: 10, most: 720, edge: 8 };

class Dots {
  constructor(figure, name, host, section) {
    Object.assign(this, { figure, name, host, section });
    this.controls = make("div", { class: "tools" });
    this.plot = make("div", { class: "dots" });
    this.tip = make("div", { class: "tip", hidden: true });
    host.append(this.controls, this.plot, this.tip);
    this.hasLog = figure.rows.some((row) => row.scale === "log");
    showing(() => this.show());
    whenResized(host, () => this.drawRows());
  }

  show() {
    const key = (word) => `${this.name}.${word}`;
    this.isSeeds = asked(key("view")) === "seeds";
    this.isLinear = asked(key("scale")) === "linear";
    const pick = (word) => (value) => (keep(key(word), value), showAll());
    const views = [["", phrase("intervals")], ["seeds", phrase("single seeds")]]; // prettier-ignore
    const scales = [["", phrase("log")], ["linear", phrase("linear")]]; // prettier-ignore
    replaceKeepingFocus(
      this.controls,
      choice(phrase("show"), views, this.isSeeds ? "seeds" : "", pick("view")),
      ...(this.hasLog ? [choice(phrase("scale"), scales, this.isLinear ? "linear" : "", pick("scale"))] : []),
      make("span", { class: "hint" }, phrase("arrow keys read values")),
    );
    this.drawRows();
  }

  drawRows() {
    this.tip.hidden = true;
    const width = Math.min(this.host.clientWidth || 600, DOT.most);
    const rows = this.figure.rows.map((row, i) => this.row(row, i, width));
    const list = make("div", { role: "listbox", "aria-label": this.figure.about }, ...rows);
    replaceKeepingFocus(this.plot, list);
  }

  row(row, place, width) {
    const kind = this.isLinear ? "linear" : row.scale;
    const ends = [row.mean, ...row.interval, ...row.edges, ...row.seeds.map(([, value]) => value)];
    const [low, high] = widened(rangeOf(ends, kind) ?? [0.1, 1], kind, 0, 0.12);
    const axis = new Axis(kind, low, high, DOT.edge, width - DOT.edge);
    const svg = draw("svg", { width, height: DOT.plot + DOT.ticks, viewBox: `0 0 ${width} ${DOT.plot + DOT.ticks}`, "aria-hidden": "true" }); // prettier-ignore
    svg.append(...this.backdrop(row, axis), ...this.marks(row, axis), draw("g", { class: "cursor" }));
    const told = [row.text, row.told].filter(Boolean).join(" \u00b7 ");
    const element = make(
      "div",
      {
        class: `dotrow${row.counts ? "" : " shown"}`,
        role: "option",
        "aria-selected": "false",
        tabindex: place === 0 ? 0 : -1,
        "aria-label": `${row.label}: ${told}`,
        keydown: (event) => this.press(event, row, axis),
        blur: () => this.leave(element),
      },
      make("div", {}, make("b", {}, row.label), make("span", { class: "told" }, told)),
      svg,
    );
    const point = (event) => {
      const across = event.clientX - svg.getBoundingClientRect().left;
      const near = row.seeds.toSorted((a, b) => Math.abs(axis.at(a[1]) - across) - Math.abs(axis.at(b[1]) - across));
      this.read(element, row, axis, this.isSeeds ? near[0] : undefined);
    }; // prettier-ignore
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => isMouse(event) && this.leave(element));
    return element;
  }

  backdrop(row, axis) {
    const [left, right] = [axis.from, axis.to];
    const edges = row.edges.map((edge) => axis.at(edge));
    const [from, to] = row.side === 0 ? edges : row.side > 0 ? [edges[0], right] : [left, edges[0]];
    return [
      draw("rect", { class: "holds", x: from, y: 0, width: Math.max(0, to - from), height: DOT.plot }),
      draw("line", { class: "axis", x1: left, x2: right, y1: DOT.plot, y2: DOT.plot }),
      ...edges.map((at) => draw("line", { class: "zero", x1: at, x2: at, y1: 0, y2: DOT.plot })),
      ...axis.ticks(80).map((tick) =>
        draw("text", { class: "tick middle", x: Math.min(Math.max(axis.at(tick), 12), right - 8), y: DOT.plot + 13 }, written(tick)),
      ),
    ]; // prettier-ignore
  }

  marks(row, axis) {
    const middle = DOT.plot / 2;
    const within = (end, otherwise) => axis.at(Math.min(Math.max(end ?? otherwise, axis.low), axis.high));
    const [low, high] = [within(row.interval[0], axis.low), within(row.interval[1], axis.high)];
    const seeds = this.isSeeds ? row.seeds : [];
    return [
      ...seeds.map(([, value]) => draw("circle", { class: "seed", cx: axis.at(value), cy: middle + 7, r: 3 })),
      draw("line", { class: "interval", x1: low, x2: high, y1: middle, y2: middle }),
      ...(row.mean === null ? [] : [draw("circle", { class: "point", cx: axis.at(row.mean), cy: middle, r: 5 })]),
    ]; // prettier-ignore
  }

  // Up and down go through the quantities, left and right through what the seeds measured, least first.
  press(event, row, axis) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const element = event.currentTarget;
    const rows = [...this.plot.querySelectorAll(".dotrow")];
    const now = rows.indexOf(element);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") return this.leave(element);
    if (to === undefined && way === undefined) return;
    event.preventDefault();
    if (to !== undefined) return rows[to]?.focus();
    const seeds = row.seeds.toSorted((a, b) => a[1] - b[1]);
    const at = Number(element.dataset.at ?? (way > 0 ? -1 : seeds.length)) + way;
    if (!seeds.length) return;
    const place = Math.min(Math.max(at, 0), seeds.length - 1);
    this.read(element, row, axis, seeds[place]);
    element.dataset.at = place;
    say(this.tip.textContent);
  }

  read(element, row, axis, seed) {
    this.leave(element);
    const value = seed ? seed[1] : row.mean;
    if (value === null || value === undefined) return;
    const at = axis.at(value);
    const cursor = element.querySelector(".cursor");
    cursor.append(draw("line", { x1: at, x2: at, y1: 0, y2: DOT.plot }));
    if (seed) cursor.append(draw("circle", { class: "ring", cx: at, cy: DOT.plot / 2 + 7, r: 5 }));
    this.tip.replaceChildren(seed ? phrase("seed {0}: {1}", seed[0], written(value, row.unit)) : row.text);
    this.tip.hidden = false;
    const [box, outer] = [element.lastChild.getBoundingClientRect(), this.host.getBoundingClientRect()];
    const most = outer.width - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(box.left - outer.left + at + 10, most))}px`;
    this.tip.style.top = `${box.bottom - outer.top}px`;
  }

  leave(element) {
    delete element.dataset.at;
    element.querySelector(".cursor").replaceChildren();
    this.tip.hidden = true;
  }
}
