// One pair of axes: drawn, zoomed by dragging, read with the pointer or the arrow keys.

class Panel {
  constructor(owner, panel, { width, height }) {
    Object.assign(this, { owner, panel, width, height, yKind: owner.yKindOf(panel) });
    const { x, y } = owner.figure;
    const yRange =
      owner.zoom && owner.figure.sharesY ? owner.zoom.slice(2) : (owner.common ?? owner.yRange([panel]));
    const xRange = owner.zoom ? owner.zoom.slice(0, 2) : widenedX(owner.xs, owner.xKind, x);
    this.x = new Axis(owner.xKind, ...xRange, PANEL.left, width - PANEL.right);
    this.y = new Axis(this.yKind, ...yRange, height - PANEL.bottom, PANEL.top, y.least);
    this.series = panel.series.filter((series) => owner.isOn(series));
    this.cursor = draw("g", { class: "cursor", "aria-hidden": "true" });
    this.element = this.draw();
    this.listen();
  }

  draw() {
    const { width, height, owner } = this;
    const clip = `${owner.name}-${owner.figure.panels.indexOf(this.panel)}`;
    const inside = {
      x: PANEL.left,
      y: PANEL.top,
      width: width - PANEL.left - PANEL.right,
      height: height - PANEL.top - PANEL.bottom,
    };
    const label = `${this.panel.title || owner.figure.about}. Arrow keys move along the lines and read them, plus and minus zoom, escape ends.`;
    const svg = draw("svg", {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      tabindex: 0,
      role: "application",
      "aria-label": label,
    });
    svg.append(
      draw("clipPath", { id: clip }, draw("rect", inside)),
      ...this.grid(),
      draw(
        "g",
        { "clip-path": `url(#${clip})` },
        ...this.series.flatMap((series) => this.bandOf(series)),
        ...this.series.flatMap((series) => this.strokes(series)),
        this.target(),
      ),
      this.cursor,
    );
    const single = owner.figure.panels.length === 1;
    const head = this.panel.title
      ? button(this.panel.title, null, () => owner.set("panel", owner.alone < 0 ? this.panel.title : ""), {
          class: "title",
          disabled: single,
        })
      : null;
    return make("div", { class: "panel" }, head, svg);
  }

  grid() {
    const { x, y } = this.owner.figure;
    const bottom = this.height - PANEL.bottom;
    const yTicks = this.y.ticks(this.yKind === "linear" ? 36 : 26).map((tick) => [tick, this.y.at(tick)]);
    const xTicks = (x.ticks ? x.ticks.map((_, i) => i) : this.x.ticks(62)).map((tick) => [
      tick,
      this.x.at(tick),
    ]);
    const axis = this.panel.y ?? y;
    return [
      ...yTicks.map(([, at]) =>
        draw("line", { class: "grid", x1: PANEL.left, x2: this.width - PANEL.right, y1: at, y2: at }),
      ),
      ...yTicks.map(([tick, at]) =>
        draw("text", { x: PANEL.left - 6, y: at + 3.5, class: "tick end" }, written(tick * axis.factor)),
      ),
      draw("line", { class: "axis", x1: PANEL.left, x2: this.width - PANEL.right, y1: bottom, y2: bottom }),
      ...xTicks.map(([tick, at]) =>
        draw(
          "text",
          { x: at, y: bottom + 14, class: "tick middle" },
          x.ticks ? (x.ticks[tick] ?? "") : `${written(tick)}${x.unit ?? ""}`,
        ),
      ),
      draw(
        "text",
        { x: (PANEL.left + this.width - PANEL.right) / 2, y: this.height - 4, class: "tick middle" },
        x.label,
      ),
      draw(
        "text",
        { x: 4, y: PANEL.top - 9, class: "tick" },
        this.yKind === "error" ? `${axis.label} (log of the error)` : axis.label,
      ),
    ];
  }

  target() {
    const { target } = this.owner.figure.y;
    if (!target) return null;
    const at = this.y.at(target.value);
    return draw(
      "g",
      { class: "target" },
      draw("line", { x1: PANEL.left, x2: this.width, y1: at, y2: at }),
      draw("text", { x: PANEL.left + 4, y: at - 3, class: "tick" }, `target ${target.text}`),
    );
  }

  pathOf(xs, ys) {
    let path = "";
    let isUp = true;
    ys.forEach((value, i) => {
      if (!isPlaced(this.yKind, value) || !isPlaced(this.owner.xKind, xs[i])) {
        isUp = true;
        return;
      }
      path += `${isUp ? "M" : "L"}${this.x.at(xs[i]).toFixed(1)} ${this.y.at(value).toFixed(1)}`;
      isUp = false;
    });
    return path;
  }

  bandOf(series) {
    if (this.owner.view !== "bands" || !series.low || series.look === "points") return [];
    const bounded = series.x
      .map((_, i) => i)
      .filter(
        (i) =>
          isPlaced(this.yKind, series.low[i]) &&
          isPlaced(this.yKind, series.high[i]) &&
          isPlaced(this.owner.xKind, series.x[i]),
      );
    if (bounded.length < 2) return [];
    const there = bounded.map((i) => [this.x.at(series.x[i]), this.y.at(series.low[i])]);
    const back = bounded.map((i) => [this.x.at(series.x[i]), this.y.at(series.high[i])]).reverse();
    const points = [...there, ...back].map((point) => point.map((p) => p.toFixed(1)).join(",")).join(" ");
    return [draw("polygon", { points, class: `band ${this.lookOf(series)}` })];
  }

  strokes(series) {
    const look = this.lookOf(series);
    if (series.look === "points") return this.dots(series, look);
    const thin = this.owner.view === "seeds" ? " thin" : "";
    const expected = series.look === "expected" ? " expected" : "";
    const lines = this.owner.strokesOf(series).map(({ y }) =>
      draw("path", {
        d: this.pathOf(series.x, y),
        class: `line ${look}${thin}${expected}`,
        "data-label": series.label,
        "data-name": series.name,
      }),
    );
    const ends = (series.ends ?? [])
      .filter(([, y]) => isPlaced(this.yKind, y))
      .map(([x, y]) =>
        draw("path", { d: `M${this.x.at(x) - 3} ${this.y.at(y) - 3}l6 6m0-6l-6 6`, class: `line ${look}` }),
      );
    return [...lines, ...ends];
  }

  dots(series, look) {
    return series.x.flatMap((x, i) => {
      if (!isPlaced(this.yKind, series.y[i]) || !isPlaced(this.owner.xKind, x)) return [];
      const at = this.x.at(x);
      const bar =
        series.low && isPlaced(this.yKind, series.low[i])
          ? [
              draw("line", {
                x1: at,
                x2: at,
                y1: this.y.at(series.low[i]),
                y2: this.y.at(series.high[i]),
                class: `line ${look}`,
              }),
            ]
          : [];
      return [
        ...bar,
        draw("circle", {
          cx: at,
          cy: this.y.at(series.y[i]),
          r: 3.5,
          class: `dot ${look}`,
          "data-label": series.label,
          "data-name": series.name,
        }),
      ];
    });
  }

  lookOf(series) {
    return lookOf(this.owner.labels.indexOf(series.label));
  }

  listen() {
    const svg = this.element.querySelector("svg");
    let start = null;
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      start = place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (start) this.showBox(start, at);
      else this.read(this.nearestX(at[0]), at);
    });
    svg.addEventListener("pointerup", (event) => {
      const from = start;
      start = null;
      if (from) this.zoomTo(from, place(event));
    });
    svg.addEventListener("pointerleave", () => !start && this.clear());
    svg.addEventListener("dblclick", () => this.owner.set("zoom", ""));
    svg.addEventListener("blur", () => this.clear());
    svg.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const act = {
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      ArrowDown: () => this.turn(1),
      ArrowUp: () => this.turn(-1),
      "+": () => this.zoomBy(0.5),
      "=": () => this.zoomBy(0.5),
      "-": () => this.zoomBy(2),
      0: () => this.owner.set("zoom", ""),
      Escape: () => (this.owner.zoom ? this.owner.set("zoom", "") : this.clear()),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  visibleXs() {
    return this.owner.xs.filter((x) => x >= this.x.low && x <= this.x.high && isPlaced(this.owner.xKind, x));
  }

  nearestX(pixel) {
    const off = (x) => Math.abs(this.x.at(x) - pixel);
    return this.visibleXs().reduce((best, x) => (best === null || off(x) < off(best) ? x : best), null);
  }

  step(way) {
    const xs = this.visibleXs();
    if (!xs.length) return;
    const now = xs.indexOf(this.owner.cursorX);
    const x = xs[now < 0 ? (way > 0 ? 0 : xs.length - 1) : Math.min(Math.max(now + way, 0), xs.length - 1)];
    this.read(x, null);
    this.speak();
  }

  turn(way) {
    this.owner.line = ((this.owner.line ?? 0) + way + this.series.length) % (this.series.length || 1);
    this.read(this.owner.cursorX ?? this.visibleXs()[0] ?? null, null);
    this.speak();
  }

  speak() {
    const series = this.series[(this.owner.line ?? 0) % (this.series.length || 1)];
    if (!series || this.owner.cursorX === null) return say("nothing is shown");
    const i = series.x.indexOf(this.owner.cursorX);
    say(
      `${series.label}, ${this.nameX(this.owner.cursorX)}: ${i < 0 ? "no value" : this.valueText(series, i)}`,
    );
  }

  nameX(x) {
    const { x: axis } = this.owner.figure;
    return axis.ticks ? (axis.ticks[x] ?? "") : `${axis.label} ${written(x)}${axis.unit ?? ""}`;
  }

  valueText(series, i) {
    const axis = this.panel.y ?? this.owner.figure.y;
    const value = written(series.y[i] === null ? NaN : series.y[i] * axis.factor, axis.unit);
    const ends =
      series.low && series.low[i] !== null && series.high[i] !== null
        ? ` [${written(series.low[i] * axis.factor)}, ${written(series.high[i] * axis.factor)}]`
        : "";
    return value + ends;
  }

  // Draws the line under the pointer, with the values of the lines that it meets, nearest first.
  read(x, at) {
    this.owner.cursorX = x;
    if (x === null || !this.series.length) return this.clear();
    const there = this.x.at(x);
    const met = this.series
      .map((series) => ({ series, i: series.x.indexOf(x) }))
      .filter(({ i, series }) => i >= 0 && isPlaced(this.yKind, series.y[i]));
    const height = ({ series, i }) => this.y.at(series.y[i]);
    const current = this.series[(this.owner.line ?? 0) % this.series.length];
    const order = at
      ? met.slice().sort((a, b) => Math.abs(height(a) - at[1]) - Math.abs(height(b) - at[1]))
      : met.slice().sort((a, b) => (b.series === current) - (a.series === current));
    const told = order.slice(0, MOST_TOLD).sort((a, b) => height(a) - height(b));
    this.cursor.replaceChildren(
      draw("line", { x1: there, x2: there, y1: PANEL.top, y2: this.height - PANEL.bottom }),
      ...met.map((one) =>
        draw("circle", {
          cx: there,
          cy: height(one),
          r: one === order[0] ? 4.5 : 2.5,
          class: `dot ${this.lookOf(one.series)}`,
        }),
      ),
    );
    const rows = told.map((one) =>
      make(
        "div",
        { class: one === order[0] ? "first" : null },
        swatch(this.owner.labels.indexOf(one.series.label), this.owner.figure),
        `${one.series.label}  `,
        make("b", {}, this.valueText(one.series, one.i)),
      ),
    );
    const more = met.length - told.length;
    this.owner.tip.replaceChildren(
      make("div", { class: "head" }, this.nameX(x)),
      ...rows,
      more > 0 ? `and ${more} more` : "",
    );
    this.placeTip(there);
  }

  placeTip(there) {
    const { tip, host } = this.owner;
    tip.hidden = false;
    const box = this.element.querySelector("svg").getBoundingClientRect();
    const outer = host.getBoundingClientRect();
    const left = box.left - outer.left + there;
    const fits = left + 14 + tip.offsetWidth <= outer.width;
    tip.style.left = `${Math.max(0, fits ? left + 14 : Math.min(left - 14 - tip.offsetWidth, outer.width - tip.offsetWidth))}px`;
    tip.style.top = `${box.top - outer.top + PANEL.top}px`;
  }

  clear() {
    this.cursor.replaceChildren();
    this.owner.tip.hidden = true;
  }

  showBox([x0, y0], [x1, y1]) {
    this.owner.tip.hidden = true;
    this.cursor.replaceChildren(
      draw("rect", {
        class: "box",
        x: Math.min(x0, x1),
        y: Math.min(y0, y1),
        width: Math.abs(x1 - x0),
        height: Math.abs(y1 - y0),
      }),
    );
  }

  zoomTo([x0, y0], [x1, y1]) {
    this.cursor.replaceChildren();
    if (Math.abs(x1 - x0) < 6 && Math.abs(y1 - y0) < 6) return;
    const within = (value, axis) =>
      Math.min(Math.max(value, Math.min(axis.from, axis.to)), Math.max(axis.from, axis.to));
    const span = (a, b, axis) =>
      Math.abs(a - b) < 6
        ? [axis.low, axis.high]
        : [within(a, axis), within(b, axis)].map((pixel) => axis.valueAt(pixel)).sort((p, q) => p - q);
    this.setZoom(span(x0, x1, this.x), span(y0, y1, this.y));
  }

  // Halves or doubles what is shown, around the values that are read.
  zoomBy(factor) {
    const ends = (axis, centre) => {
      const [low, high] = [axis.from, axis.to].map((end) => axis.valueAt(centre + (end - centre) * factor));
      return [low, high];
    };
    const there = this.owner.cursorX ?? this.x.valueAt((this.x.from + this.x.to) / 2);
    const series = this.series[(this.owner.line ?? 0) % (this.series.length || 1)];
    const value = series?.y[series.x.indexOf(there)];
    const height = isPlaced(this.yKind, value ?? null) ? this.y.at(value) : (this.y.from + this.y.to) / 2;
    this.setZoom(ends(this.x, this.x.at(there)), ends(this.y, height));
  }

  setZoom(x, y) {
    if (![...x, ...y].every(Number.isFinite) || x[0] >= x[1] || y[0] >= y[1]) return;
    this.owner.set("zoom", [...x, ...y].map((value) => Number(value.toPrecision(5))).join(","));
  }
}

function widenedX(xs, kind, axis) {
  const [low, high] = rangeOf(xs, kind) ?? [1, 10];
  if (axis.ticks) return [low - 0.3, high + 0.3];
  return low === high ? widened([low, high], kind) : [low, high];
}
