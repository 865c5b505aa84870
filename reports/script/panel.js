// One pair of axes, drawn.

class DrawnPanel {
  constructor(owner, panel, { width, height }) {
    const xAxis = panel.x ?? owner.figure.x;
    const [xKind, yKind, zoom] = [owner.xKindOf(panel), owner.yKindOf(panel), owner.zoomOf(panel)];
    Object.assign(this, { owner, panel, width, height, xAxis, xKind, yKind, zoom, xs: owner.xsOf(panel) });
    this.bottom = this.roomBelow();
    const { y } = owner.figure;
    const isHigh = owner.figure.sharesY || panel.range;
    const whole = panel.range?.slice(2) ?? owner.common ?? owner.yRange([panel]);
    const yRange = zoom && isHigh ? zoom.slice(2) : whole;
    const isWide = owner.isScatter || panel.series.some((series) => series.dotted || isAlone(series));
    const across = panel.range?.slice(0, 2) ?? widenedX(this.xs, xKind, xAxis, isWide);
    const xRange = zoom ? zoom.slice(0, 2) : across;
    this.x = new Axis(xKind, ...xRange, PANEL.left, width - PANEL.right, xAxis.least);
    this.y = new Axis(this.yKind, ...yRange, height - this.bottom, PANEL.top, y.least);
    this.series = panel.series.filter((series) => owner.isOn(series));
    this.cursor = draw("g", { class: "cursor", "aria-hidden": "true" });
    this.element = this.draw();
  }

  draw() {
    const { width, height, owner } = this;
    const clip = `${owner.name}-${owner.figure.panels.indexOf(this.panel)}`;
    const inside = {
      x: PANEL.left,
      y: PANEL.top,
      width: width - PANEL.left - PANEL.right,
      height: height - PANEL.top - this.bottom,
    };
    const label = phrase(
      "{0}. Arrow keys move along the lines and read them, plus and minus zoom, escape ends.",
      this.panel.title || owner.figure.about,
    );
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
        ...this.guides(),
        ...this.series.flatMap((series) => this.nearOf(series)),
        ...this.series.flatMap((series) => this.bandOf(series)),
        ...this.series.flatMap((series) => this.strokes(series)),
        ...this.series.flatMap((series, i) => this.marksOf(series, i)),
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
    const { y } = this.owner.figure;
    const x = this.xAxis;
    const bottom = this.height - this.bottom;
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
        this.nameBelow(x.ticks ? (x.ticks[tick] ?? "") : written(tick) + (x.unit ?? ""), at, bottom),
      ),
      draw(
        "text",
        { x: (PANEL.left + this.width - PANEL.right) / 2, y: this.height - 4, class: "tick middle" },
        x.label,
      ),
      draw("text", { x: 4, y: PANEL.top - 9, class: "tick" }, this.nameAbove(axis)),
    ];
  }

  // As much of the name of the axis as the title leaves room for.
  nameAbove(axis) {
    const whole = this.yKind === "error" ? `${axis.label} (log of the error)` : axis.label;
    const room = this.width - PANEL.right - 16 - (this.panel.title ? textWidth(this.panel.title) + 12 : 0);
    return [whole, axis.label, axis.short ?? ""].find((name) => textWidth(name, "11px") <= room) ?? "";
  }

  // Names that do not fit beside one another stand upright.
  roomBelow() {
    const names = this.xAxis.ticks ?? [];
    const widest = Math.max(0, ...names.map((name) => textWidth(name, "11px")));
    this.isUpright = widest * names.length > this.width - PANEL.left - PANEL.right - 12;
    return this.isUpright ? Math.min(widest, this.height / 2.5) + 28 : PANEL.bottom;
  }

  nameBelow(name, at, bottom) {
    const isLast = at + textWidth(name, "11px") / 2 > this.width;
    const place = isLast ? { x: this.width, class: "tick end" } : { x: at, class: "tick middle" };
    if (!this.isUpright) return draw("text", { ...place, y: bottom + 14 }, name);
    const turn = `translate(${at + 4} ${bottom + 6}) rotate(-90)`;
    return draw("text", { transform: turn, class: "tick end" }, name);
  }

  // What no line may cross: ceilings, with what they are.
  guides() {
    return (this.owner.figure.guides ?? []).map(({ x, y, text }) => {
      const path = x.map((value, i) => `${i ? "L" : "M"}${this.x.at(value)} ${this.y.at(y[i])}`).join("");
      const left = Math.max(this.x.at(x[0]), PANEL.left) + 4;
      const share = (left - this.x.at(x[0])) / (this.x.at(x[1]) - this.x.at(x[0]) || 1);
      const height = this.y.at(y[0]) + share * (this.y.at(y[1]) - this.y.at(y[0]));
      const isFlat = y[0] === y[1];
      const place = isFlat
        ? { x: this.width - PANEL.right - 4, y: height - 4, class: "tick end" }
        : { x: left, y: height - 4, class: "tick" };
      return draw("g", { class: "guide" }, draw("path", { d: path }), draw("text", place, text));
    });
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

  // A stepped line stays what it was until the next value.
  pathOf(xs, ys, isStepped) {
    let path = "";
    let isUp = true;
    ys.forEach((value, i) => {
      if (!isPlaced(this.yKind, value) || !isPlaced(this.xKind, xs[i])) {
        isUp = true;
        return;
      }
      if (isStepped && !isUp) path += `H${this.x.at(xs[i]).toFixed(1)}`;
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
          isPlaced(this.xKind, series.x[i]),
      );
    if (bounded.length < 2) return [];
    const along = (ends, places) => places.map((i) => [this.x.at(series.x[i]), this.y.at(ends[i])]);
    const stepped = (points) =>
      series.steps
        ? points.flatMap(([x, y], i) =>
            i
              ? [
                  [x, points[i - 1][1]],
                  [x, y],
                ]
              : [[x, y]],
          )
        : points;
    const outline = [
      ...stepped(along(series.low, bounded)),
      ...stepped(along(series.high, bounded)).reverse(),
    ];
    const points = outline.map((point) => point.map((place) => place.toFixed(1)).join(",")).join(" ");
    return [draw("polygon", { points, class: `band ${this.lookOf(series)}` })];
  }

  strokes(series) {
    const look = this.lookOf(series);
    if (series.look === "expected") return this.dashes(series);
    if (series.look === "points") return this.dots(series, look);
    const thin = this.owner.view === "seeds" ? " thin" : "";
    const lines = this.owner.strokesOf(series).map(({ y }) =>
      draw("path", {
        d: this.pathOf(series.x, y, series.steps),
        class: `line ${look}${thin}`,
        "data-label": series.label,
        "data-name": series.name,
      }),
    );
    const ends = (series.ends ?? [])
      .filter(([, y]) => isPlaced(this.yKind, y))
      .map(([x, y]) =>
        draw("path", { d: `M${this.x.at(x) - 3} ${this.y.at(y) - 3}l6 6m0-6l-6 6`, class: `line ${look}` }),
      );
    const dots = series.dotted || isAlone(series) ? this.dots(series, look, 2.2) : [];
    return [...lines, ...ends, ...dots];
  }

  dashes(series) {
    const known = series.x.map((x, i) => [x, series.y[i]]).filter(([, y]) => isPlaced(this.yKind, y));
    const path = known.map(([x, y]) => `M${this.x.at(x) - 6} ${this.y.at(y)}h12`).join("");
    return [draw("path", { d: path, class: "line expected" })];
  }

  dots(series, look, r = 3.5) {
    return series.x.flatMap((x, i) => {
      if (!isPlaced(this.yKind, series.y[i]) || !isPlaced(this.xKind, x)) return [];
      const at = this.x.at(x);
      const ends = [series.low?.[i], series.high?.[i]].map((end) => isPlaced(this.yKind, end ?? null));
      const isBar = series.look === "points" && ends.includes(true);
      // An end that is infinite, or has no logarithm, lies beyond the edge.
      const low = this.y.at(ends[0] ? series.low[i] : this.y.low);
      const high = this.y.at(ends[1] ? series.high[i] : this.y.high);
      const bar = isBar ? [draw("line", { x1: at, x2: at, y1: low, y2: high, class: `line ${look}` })] : [];
      return [
        ...bar,
        draw("circle", {
          cx: at,
          cy: this.y.at(series.y[i]),
          r,
          class: `dot ${look}`,
          "data-label": series.label,
          "data-name": series.name,
        }),
      ];
    });
  }

  // The band of those that are near the best.
  nearOf(series) {
    if (!series.near) return [];
    const [low, high] = series.near.map((end) => this.y.at(end));
    const wide = this.width - PANEL.left - PANEL.right;
    return [draw("rect", { class: "near", x: PANEL.left, y: high, width: wide, height: low - high })];
  }

  // What a search chose and where it began, where trials were lost, and the basin along the lower edge.
  marksOf(series, place) {
    const { marks = {}, lost = {}, basin } = series;
    const bottom = this.height - this.bottom;
    const at = (i) => this.x.at(series.x[i]);
    const look = this.lookOf(series);
    const height = bottom - 0.1 * (bottom - PANEL.top);
    const isSeen = (i) => isPlaced(this.xKind, series.x[i]);
    return [
      basin &&
        draw("line", {
          class: `basin ${look}`,
          x1: this.x.at(basin[0]),
          x2: this.x.at(basin[1]),
          y1: bottom - 4 - 5 * place,
          y2: bottom - 4 - 5 * place,
        }),
      ...Object.keys(lost)
        .filter(isSeen)
        .map((i) =>
          draw("path", {
            class: `lost${lost[i] ? "" : " faint"}`,
            d: `M${at(i) - 4} ${height - 4}l8 8m0-8l-8 8`,
          }),
        ),
      ...Object.keys(marks)
        .filter((i) => isSeen(i) && isPlaced(this.yKind, series.y[i]))
        .map((i) =>
          draw("circle", {
            class: `mark ${look}${marks[i] === "default" ? " open" : ""}`,
            cx: at(i),
            cy: this.y.at(series.y[i]),
            r: 5.5,
          }),
        ),
    ].filter(Boolean);
  }

  lookOf(series) {
    return this.owner.lookOf(series.label);
  }
}

// Of a single value no line would be seen.
function isAlone(series) {
  return series.y.filter((value) => value !== null).length === 1;
}

function widenedX(xs, kind, axis, isScatter) {
  const [low, high] = rangeOf(xs, kind) ?? [1, 10];
  if (axis.ticks) return [low - 0.3, high + 0.3];
  return low === high || isScatter ? widened([low, high], kind, axis.least) : [low, high];
}
