// Paths over the contours of a function, gone step by step, beside the values on the way.

const SECONDS = 6; // of playing

class Descent extends Lines {
  makeControls() {
    super.makeControls();
    const { frames } = this.figure;
    const wanted = frames.indexOf(Number(this.asked("step")));
    this.frame = this.asked("step") && wanted >= 0 ? wanted : frames.length - 1;
    this.slider ??= make("input", {
      type: "range",
      min: 0,
      max: frames.length - 1,
      "aria-label": phrase("step"),
      input: () => this.go(Number(this.slider.value)),
      change: () => this.keepStep(),
    });
    this.player ??= button("", "false", () => this.play());
    this.shownStep ??= make("span", { class: "step" });
    this.controls.prepend(make("span", { class: "choice" }, this.player, this.slider, this.shownStep));
    this.nameSteps();
  }

  nameSteps() {
    const step = this.figure.frames[this.frame];
    this.slider.value = this.frame;
    this.slider.setAttribute("aria-valuetext", phrase("step {0}", step));
    this.shownStep.textContent = phrase("step {0}", FIGURES.format(step));
    this.player.textContent = this.timer ? phrase("stop") : phrase("play");
    this.player.setAttribute("aria-pressed", String(Boolean(this.timer)));
  }

  plotOf(panel, size) {
    const plot = panel.contours ? new Landscape(this, panel, size) : new Fall(this, panel, size);
    plot.go();
    return plot;
  }

  // Draws the paths as far as a step, and nothing else anew.
  go(frame) {
    this.frame = Math.min(Math.max(frame, 0), this.figure.frames.length - 1);
    this.nameSteps();
    for (const plot of this.plots) plot.go();
  }

  keepStep() {
    const { frames } = this.figure;
    keep(`${this.name}.step`, String(frames[this.frame]), String(frames.at(-1)));
    this.choices = askedOf((key) => key.startsWith(`${this.name}.`) || this.isOfSection(key));
  }

  play() {
    const last = this.figure.frames.length - 1;
    const end = () => (clearInterval(this.timer), (this.timer = null), this.keepStep(), this.nameSteps());
    if (this.timer) return end();
    const start = this.frame < last ? this.frame : 0;
    const began = performance.now();
    this.timer = setInterval(() => {
      this.go(start + Math.round(((performance.now() - began) / 1000 / SECONDS) * last));
      if (this.frame === last) end();
    }, 40);
    this.go(start);
  }
}

class Landscape extends Panel {
  guides() {
    const { contours, minima, others, series } = this.panel;
    const place = ([x, y]) => `translate(${this.x.at(x)} ${this.y.at(y)})`;
    const levels = unique(contours.map(([level]) => level));
    const cross = (d) => (point) => draw("path", { class: "stationary", transform: place(point), d });
    const [x, y] = [series[0].x[0], series[0].y[0]];
    return [
      ...contours.map(([level, xs, ys]) =>
        draw("path", { class: "contour", d: this.pathOf(xs, ys), opacity: 1 - (0.7 * levels.indexOf(level)) / levels.length }),
      ),
      ...minima.map(cross("M-6 0H6M0 -6V6")),
      ...others.map(cross("M-5 -5L5 5M-5 5L5 -5")),
      draw("rect", { class: "start", x: this.x.at(x) - 4, y: this.y.at(y) - 4, width: 8, height: 8 }),
    ]; // prettier-ignore
  }

  // The way that is still to go is faint.
  strokes(series) {
    const look = this.lookOf(series);
    const whole = draw("path", { class: `line ahead ${look}`, d: this.pathOf(series.x, series.y) });
    const gone = draw("path", { class: `line ${look}`, "data-label": series.label });
    const head = draw("circle", { class: `dot ${look}`, r: 5 });
    this.drawn = [...(this.drawn ?? []), { series, gone, head }];
    return [whole, gone, head];
  }

  go() {
    for (const { series, gone, head } of this.drawn ?? []) {
      const i = this.indexOf(series);
      gone.setAttribute("d", this.pathOf(series.x.slice(0, i + 1), series.y.slice(0, i + 1)));
      const isSeen = series.x[i] !== null && series.y[i] !== null;
      head.setAttribute("visibility", isSeen ? "visible" : "hidden");
      if (!isSeen) continue;
      head.setAttribute("cx", this.x.at(series.x[i]));
      head.setAttribute("cy", this.y.at(series.y[i]));
    }
  }

  // The last point of a path that is not behind the step.
  indexOf({ steps }) {
    const step = this.owner.figure.frames[this.owner.frame];
    const beyond = steps.findIndex((each) => each > step);
    return beyond < 0 ? steps.length - 1 : beyond - 1;
  }

  step(way) {
    this.owner.go(this.owner.frame + way);
    this.owner.keepStep();
    this.speak();
  }

  turn(way) {
    this.owner.line = ((this.owner.line ?? 0) + way + this.series.length) % (this.series.length || 1);
    this.speak();
  }

  speak() {
    const series = this.series[(this.owner.line ?? 0) % (this.series.length || 1)];
    if (!series) return say(phrase("nothing is shown"));
    const i = this.indexOf(series);
    this.tell(series, i);
    say(`${series.label}, ${this.valueText(series, i)}`);
  }

  valueText(series, i) {
    const { x, y } = this.panel;
    const of = (value) => written(value === null ? NaN : value);
    const where = `${x.label} ${of(series.x[i])}, ${y.label} ${of(series.y[i])}`;
    return `${phrase("step {0}", FIGURES.format(series.steps[i]))}: ${where}, ${phrase("value {0}", of(series.values[i]))}`;
  }

  nearestX(at) {
    return at;
  }

  // The nearest point of a path that has been gone.
  read([across, up]) {
    const points = this.series.flatMap((series) => {
      const last = this.indexOf(series);
      return series.x.slice(0, last + 1).map((x, i) => ({ series, i, far: Math.hypot(this.x.at(x) - across, this.y.at(series.y[i]) - up) }));
    }); // prettier-ignore
    const near = points.reduce((best, one) => (one.far < best.far ? one : best), { far: Infinity });
    if (near.series) this.tell(near.series, near.i);
  }

  tell(series, i) {
    if (series.x[i] === null || series.y[i] === null) return this.clear();
    const place = { cx: this.x.at(series.x[i]), cy: this.y.at(series.y[i]) };
    this.cursor.replaceChildren(draw("circle", { class: "ring", ...place, r: 7 }));
    const [step, ...rest] = this.valueText(series, i).split(": ");
    this.owner.tip.replaceChildren(
      make("div", { class: "head" }, step),
      make("div", { class: "first" }, swatch(this.lookOf(series), this.owner.figure), series.label),
      make("div", {}, rest.join(": ")),
    ); // prettier-ignore
    this.placeTip(place.cx);
  }

  zoomBy(factor) {
    const ends = (axis) => {
      const centre = (axis.from + axis.to) / 2;
      return [axis.from, axis.to].map((end) => axis.valueAt(centre + (end - centre) * factor));
    };
    this.setZoom(ends(this.x), ends(this.y));
  }
}

class Fall extends Panel {
  go() {
    this.now ??= this.cursor.parentElement.insertBefore(draw("line", { class: "zero" }), this.cursor);
    const at = this.x.at(this.owner.figure.frames[this.owner.frame]);
    const ends = { x1: at, x2: at, y1: PANEL.top, y2: this.height - this.bottom };
    for (const [name, value] of Object.entries(ends)) this.now.setAttribute(name, value);
  }
}
