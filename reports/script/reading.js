// One pair of axes, read with the pointer or the arrow keys, and zoomed by dragging or with plus and minus.

const NARROW = 480; // pixels

class Panel extends DrawnPanel {
  constructor(owner, panel, size) {
    super(owner, panel, size);
    this.listen();
  }

  listen() {
    const svg = this.element.querySelector("svg");
    let start = null;
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      // A finger reads where it taps, and scrolls the page where it drags.
      if (event.pointerType === "touch") return this.read(this.nearestX(place(event)), place(event));
      start = place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (start) this.showBox(start, at);
      else this.read(this.nearestX(at), at);
    });
    svg.addEventListener("pointerup", (event) => {
      const from = start;
      start = null;
      if (from) this.zoomTo(from, place(event));
    });
    svg.addEventListener("pointerleave", (event) => isMouse(event) && !start && this.clear());
    svg.addEventListener("dblclick", () => this.owner.unzoom());
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
      0: () => this.owner.unzoom(),
      Escape: () => (this.owner.hasZoom ? this.owner.unzoom() : this.clear()),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  visibleXs() {
    return this.xs.filter((x) => x >= this.x.low && x <= this.x.high && isPlaced(this.xKind, x));
  }

  // The x of the nearest point where there are only points, and otherwise the nearest x.
  nearestX([across, up]) {
    const xs = this.visibleXs();
    const places = this.series.every((series) => series.look === "points")
      ? this.series.flatMap((series) =>
          series.x.map((x, i) => [x, Math.hypot(this.x.at(x) - across, this.y.at(series.y[i]) - up)]),
        )
      : xs.map((x) => [x, Math.abs(this.x.at(x) - across)]);
    const seen = places.filter(([x]) => xs.includes(x));
    return seen.reduce((best, one) => (one[1] < best[1] ? one : best), [null, Infinity])[0];
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
    if (!series || this.owner.cursorX === null) return say(phrase("nothing is shown"));
    const values = placesOf(series.x, this.owner.cursorX).map((i) => this.valueText(series, i));
    say(
      `${series.label}, ${this.nameX(this.owner.cursorX)}: ${values.join("; ") || phrase("no value")}`,
    );
  }

  nameX(x) {
    const axis = this.xAxis;
    return axis.ticks ? (axis.ticks[x] ?? "") : `${axis.label} ${written(x)}${axis.unit ?? ""}`;
  }

  valueText(series, i) {
    const axis = this.panel.y ?? this.owner.figure.y;
    const value = written(series.y[i] === null ? NaN : series.y[i] * axis.factor, axis.unit);
    const ends =
      series.low && series.low[i] !== null && series.high[i] !== null
        ? ` [${written(series.low[i] * axis.factor)}, ${written(series.high[i] * axis.factor)}]`
        : "";
    const note = series.notes?.[i];
    return `${value}${ends}${note ? `, ${note}` : ""}`;
  }

  // Draws the line under the pointer, with the values of the lines that it meets, nearest first.
  read(x, at) {
    this.owner.cursorX = x;
    if (x === null || !this.series.length) return this.clear();
    const there = this.x.at(x);
    const met = this.series
      .flatMap((series) => placesOf(series.x, x).map((i) => ({ series, i })))
      .filter(({ i, series }) => isPlaced(this.yKind, series.y[i]) || series.notes?.[i]);
    const height = ({ series, i }) =>
      isPlaced(this.yKind, series.y[i]) ? this.y.at(series.y[i]) : this.height - this.bottom;
    const current = this.series[(this.owner.line ?? 0) % this.series.length];
    const order = at
      ? met.slice().sort((a, b) => Math.abs(height(a) - at[1]) - Math.abs(height(b) - at[1]))
      : met.slice().sort((a, b) => (b.series === current) - (a.series === current));
    const told = order.slice(0, MOST_TOLD).sort((a, b) => height(a) - height(b));
    this.cursor.replaceChildren(
      draw("line", { x1: there, x2: there, y1: PANEL.top, y2: this.height - this.bottom }),
      ...met.filter(({ series, i }) => isPlaced(this.yKind, series.y[i])).map((one) =>
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
        swatch(this.lookOf(one.series), this.owner.figure),
        `${one.series.names?.[one.i] ?? one.series.label}  `,
        make("b", {}, this.valueText(one.series, one.i)),
      ),
    );
    if (this.owner.figure.linked && order.length) this.owner.plots.forEach((plot) => plot.ring(this, order[0]));
    const more = met.length - told.length;
    this.owner.tip.replaceChildren(
      make("div", { class: "head" }, this.nameX(x)),
      ...rows,
      more > 0 ? phrase("and {0} more", more) : "",
    );
    this.placeTip(there);
  }

  // Of a setting that is read on one panel, where it stands on the others.
  ring(from, { series: { label }, i }) {
    if (this === from) return;
    const own = this.series.find((series) => series.label === label);
    const isSeen = own && isPlaced(this.xKind, own.x[i]) && isPlaced(this.yKind, own.y[i]);
    const place = isSeen && { cx: this.x.at(own.x[i]), cy: this.y.at(own.y[i]) };
    this.cursor.replaceChildren(...(isSeen ? [draw("circle", { class: "ring", ...place, r: 7 })] : []));
  }

  placeTip(there) {
    const { tip, host } = this.owner;
    tip.hidden = false;
    const box = this.element.querySelector("svg").getBoundingClientRect();
    const outer = host.getBoundingClientRect();
    const left = box.left - outer.left + there;
    const fits = left + 14 + tip.offsetWidth <= outer.width;
    tip.style.left = `${Math.max(0, fits ? left + 14 : Math.min(left - 14 - tip.offsetWidth, outer.width - tip.offsetWidth))}px`;
    // Where there is no room beside the line it would hide, the box goes below.
    const isNarrow = outer.width < NARROW;
    tip.style.top = `${(isNarrow ? box.bottom : box.top + PANEL.top) - outer.top}px`;
  }

  clear() {
    for (const plot of this.owner.plots) plot.cursor.replaceChildren();
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
    const ends = [...x, ...y].map((value) => Number(value.toPrecision(5)));
    this.owner.set(this.owner.zoomKey(this.panel), ends.join(","));
  }
}

// What a finger has shown stays when it is lifted.
function isMouse(event) {
  return event.pointerType !== "touch";
}

function placesOf(xs, x) {
  const places = [];
  for (let i = xs.indexOf(x); i >= 0; i = xs.indexOf(x, i + 1)) places.push(i);
  return places;
}
