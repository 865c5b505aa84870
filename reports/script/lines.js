// Lines with bands over a common x: learning curves, profiles, what a microscope saw.
//
// figure.panels[].series[] have label, axes, x, y, low, high and seeds, the trials behind a median. Where
// panels have an x of their own, those of one name are read and zoomed together.

const PANEL = { left: 54, right: 12, top: 22, bottom: 34, height: 220, single: 320, least: 300 };
const MOST_TOLD = 10; // lines in the box beside the pointer

class Lines {
  constructor(figure, name, host, section) {
    Object.assign(this, { figure, name, host, section });
    this.plots = [];
    this.tip = make("div", { class: "tip", hidden: true });
    this.controls = make("div", { class: "tools" });
    this.legend = make("div", { class: "legend" });
    this.grid = make("div", { class: "panels" });
    host.append(this.controls, this.legend, this.grid, this.tip);
    this.labels = labelsOf(allSeries(figure));
    this.nRest = allSeries(figure).filter((series) => series.rest).length;
    this.seeds = unique(allSeries(figure).flatMap((series) => (series.seeds ?? []).map(([seed]) => seed)));
    if (figure.ramp) startRamp(figure.ramp);
    this.isScatter = allSeries(figure).every((series) => series.look === "points");
    showing(() => this.show());
    whenResized(host, () => this.drawPanels());
  }

  asked(word, otherwise) {
    return asked(`${this.name}.${word}`, otherwise);
  }

  set(word, value, otherwise) {
    keep(`${this.name}.${word}`, value, otherwise);
    showAll();
  }

  show() {
    // Many lines take their time to draw: what was chosen elsewhere changes none of them.
    const before = this.choices;
    this.choices = askedOf((key) => key.startsWith(`${this.name}.`) || this.isOfSection(key));
    if (this.choices === before) return this.emphasise(null);
    this.readChoices();
    this.makeControls();
    this.makeLegend();
    this.drawPanels();
  }

  isOfSection(key) {
    return key.startsWith(`${this.section}.`) && key !== `${this.section}.mark`;
  }

  readChoices() {
    const { x, y } = this.figure;
    const known = (kinds, wanted, otherwise) => (kinds.includes(wanted) ? wanted : otherwise);
    this.xKind = known(x.kinds, this.asked("x"), x.kind);
    this.yKind = known(y.kinds, this.asked("y"), y.kind);
    this.view = known(
      this.seeds.length ? ["bands", "lines", "seeds"] : ["bands", "lines"],
      this.asked("view"),
      "bands",
    );
    this.off = askedList(`${this.name}.off`);
    this.seedsOff = askedList(`${this.name}.seedsoff`);
    this.isAll = !this.nRest || this.asked("lines") === "all";
    this.isTogether = this.figure.together === true && this.asked("panels") === "together";
    this.hasZoom = this.figure.panels.some((panel) => this.zoomOf(panel));
    this.alone = this.isTogether
      ? -1
      : this.figure.panels.findIndex((panel) => panel.title && panel.title === this.asked("panel"));
  }

  zoomKey(panel) {
    const name = panel.x?.label;
    const place = name === undefined ? 0 : this.figure.panels.findIndex((other) => other.x.label === name);
    return place ? `zoom${place}` : "zoom";
  }

  zoomOf(panel) {
    const zoom = this.asked(this.zoomKey(panel)).split(",").map(Number);
    const isOne = zoom.length === 4 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] && zoom[2] < zoom[3];
    return isOne ? zoom : null;
  }

  unzoom() {
    for (const panel of this.figure.panels) keep(`${this.name}.${this.zoomKey(panel)}`, "");
    showAll();
  }

  makeControls() {
    const { x, y } = this.figure;
    const parts = [];
    const views = [["bands", phrase(this.figure.band ?? "")], ["lines", phrase("lines alone")], ["seeds", phrase("single seeds")]]; // prettier-ignore
    const hasBands = allSeries(this.figure).some((series) => series.low);
    if (hasBands || this.seeds.length) {
      const offered = views.filter(([value]) => value !== "seeds" || this.seeds.length);
      parts.push(choice(phrase("show"), offered, this.view, (value) => this.set("view", value, "bands")));
    }
    if (this.nRest) {
      const all = phrase("all {0}", FIGURES.format(this.labels.length));
      const ways = [["", phrase("best and worst")], ["all", all]]; // prettier-ignore
      parts.push(choice(phrase("lines"), ways, this.isAll ? "all" : "", (v) => this.set("lines", v)));
    }
    if (this.figure.together) {
      const ways = [["", phrase("apart")], ["together", phrase("in one")]]; // prettier-ignore
      const now = this.isTogether ? "together" : "";
      parts.push(choice(phrase("panels"), ways, now, (value) => this.set("panels", value)));
    }
    const named = (kinds) => kinds.map((kind) => [kind, phrase(SCALE_NAMES[kind])]);
    if (x.kinds.length > 1)
      parts.push(choice(x.short ?? "x", named(x.kinds), this.xKind, (v) => this.rescale("x", v, x.kind)));
    if (y.kinds.length > 1)
      parts.push(choice(y.short ?? "y", named(y.kinds), this.yKind, (v) => this.rescale("y", v, y.kind)));
    if (this.alone >= 0) parts.push(button(phrase("all panels"), null, () => this.set("panel", "")));
    parts.push(button(phrase("zoom in"), null, () => this.plots[0]?.zoomBy(0.5)));
    if (this.hasZoom) parts.push(button(phrase("zoom out"), null, () => this.unzoom()));
    else parts.push(make("span", { class: "hint" }, phrase("or drag; arrow keys read values")));
    replaceKeepingFocus(this.controls, ...parts);
  }

  rescale(word, value, otherwise) {
    keep(`${this.name}.${word}`, value, otherwise);
    this.unzoom();
  }

  makeLegend() {
    const rows = axisLegend(this.figure, this.section);
    const labels = labelsOf(allSeries(this.figure).filter((series) => this.isAll || !series.rest));
    if (labels.length > 1) {
      const chips = labels.map((label) => this.chip(label));
      rows.push(
        make(
          "div",
          { role: "group", "aria-label": phrase("lines") },
          ...chips,
          this.everything("off", this.off),
        ),
      );
    }
    if (this.view === "seeds" && this.seeds.length > 1) {
      const chips = this.seeds.map((seed) => toggle(String(seed), this.seedsOff, `${this.name}.seedsoff`));
      rows.push(
        make(
          "div",
          { role: "group", "aria-label": phrase("seeds") },
          make("b", {}, phrase("seeds")),
          ...chips,
          this.everything("seedsoff", this.seedsOff),
        ),
      );
    }
    replaceKeepingFocus(this.legend, ...rows);
  }

  // The colour and pattern of a label. Where lines are in an order, their colours run from first to last.
  lookOf(label) {
    if (!this.figure.ramp) return lookOf(this.labels.indexOf(label));
    const lines = this.figure.panels.map(({ series }) => labelsOf(series)).find((all) => all.includes(label));
    const share = lines ? lines.indexOf(label) / Math.max(1, lines.length - 1) : 0;
    return `h${Math.round(share * (this.figure.ramp[0].length - 1))}`;
  }

  chip(label) {
    const chip = toggle(label, this.off, `${this.name}.off`);
    chip.prepend(swatch(this.lookOf(label), this.figure));
    chip.addEventListener("pointerenter", () => this.emphasise(label));
    chip.addEventListener("pointerleave", () => this.emphasise(null));
    return chip;
  }

  everything(word, off) {
    return off.size ? button(phrase("all"), null, () => this.set(word, ""), { class: "all" }) : null;
  }

  // Makes one line stand out: that with this label, or else that of the configuration that was picked.
  emphasise(label) {
    const picked = asked(`${this.section}.mark`);
    const lines = [...this.grid.querySelectorAll("[data-label]")];
    const isMeant = (line) => (label === null ? line.dataset.name === picked : line.dataset.label === label);
    this.grid.classList.toggle("emphasised", lines.some(isMeant));
    for (const line of lines) line.classList.toggle("strong", isMeant(line));
  }

  isOn(series) {
    return (this.isAll || !series.rest) && !this.off.has(series.label) && isAxesOn(series.axes, this.section);
  }

  drawPanels() {
    const panels = this.isTogether ? [this.allInOne()] : this.figure.panels;
    const filled = panels.filter((panel) => panel.series.some((series) => this.isOn(series)));
    const shown = this.alone < 0 ? (filled.length ? filled : panels) : [panels[this.alone]];
    const wide = this.grid.clientWidth || 600;
    const across = Math.max(
      1,
      Math.min(shown.length, Math.floor(wide / PANEL.least), shown.length === 4 ? 2 : 3),
    );
    const size = {
      width: Math.min(wide / across - (across > 1 ? 8 : 0), 860),
      height: this.figure.height ?? (shown.length > 1 ? PANEL.height : PANEL.single),
    };
    this.common = this.figure.sharesY ? this.yRange(shown) : null;
    this.shown = shown;
    this.plots = shown.map((panel) => this.plotOf(panel, size));
    replaceKeepingFocus(this.grid, ...this.plots.map((plot) => plot.element));
    this.tip.hidden = true;
    this.emphasise(null);
  }

  plotOf(panel, size) {
    return new Panel(this, panel, size);
  }

  allInOne() {
    const { panels } = this.figure;
    return { title: "", x: panels[0].x, series: panels.flatMap((panel) => panel.series) };
  }

  // The values on the x axis of a panel, and of those that share it.
  xsOf(panel) {
    const alike = this.shown.filter((other) => other.x?.label === panel.x?.label);
    const xs = unique(alike.flatMap((other) => other.series.filter((s) => this.isOn(s)).flatMap((s) => s.x)));
    return xs.filter((x) => x !== null).sort((a, b) => a - b);
  }

  // What the panel shows of a series: its median and band, or its trials.
  strokesOf(series) {
    if (this.view !== "seeds" || !series.seeds) return [{ y: series.y, seed: null }];
    return series.seeds
      .filter(([seed]) => !this.seedsOff.has(String(seed)))
      .map(([seed, y]) => ({ y, seed }));
  }

  xKindOf(panel) {
    return this.xKind === "own" ? panel.x.kind : this.xKind;
  }

  yKindOf(panel) {
    return panel.y?.kind ?? this.yKind;
  }

  yRange(panels) {
    const { y } = this.figure;
    const kind = this.yKindOf(panels[0]);
    const lines = panels.flatMap((panel) => panel.series.filter((series) => this.isOn(series)));
    const bands =
      this.view === "bands" ? lines.flatMap((series) => [...(series.low ?? []), ...(series.high ?? [])]) : [];
    const values = [
      ...bands,
      ...lines.flatMap((series) => this.strokesOf(series).flatMap((stroke) => stroke.y)),
    ];
    if (y.target) values.push(y.target.value);
    for (const guide of this.figure.guides ?? []) values.push(Math.max(...guide.y));
    if (panels[0].y?.isShare) {
      const top = Math.min(1, Math.max(0.05, 1.1 * (rangeOf(values, kind)?.[1] ?? 0)));
      return [-0.03 * top, 1.03 * top];
    }
    return widened(rangeOf(values, kind) ?? [0.1, 1], kind, y.least, this.isScatter ? 0.08 : 0.04);
  }
}

function allSeries(figure) {
  return figure.panels.flatMap((panel) => panel.series);
}

function labelsOf(series) {
  return unique(series.filter((each) => each.look !== "expected").map((each) => each.label));
}

function unique(values) {
  return [...new Set(values)];
}

function swatch(look, figure) {
  const box = draw("svg", { width: 22, height: 10, "aria-hidden": "true" });
  const isPoint = allSeries(figure).every((series) => series.look === "points");
  box.append(
    isPoint
      ? draw("circle", { cx: 11, cy: 5, r: 3.5, class: `dot ${look}` })
      : draw("line", { x1: 0, x2: 22, y1: 5, y2: 5, class: `line ${look}` }),
  );
  return box;
}

// Seven colours that everybody can tell apart; when they run out they come again in another pattern.
function lookOf(place) {
  return `c${place % 7} d${Math.floor(place / 7) % 4}`;
}

// Classes for the colours of what is in an order, on light paper and on dark.
function startRamp([light, dark]) {
  if (startRamp.isDone) return;
  startRamp.isDone = true;
  const sheet = new CSSStyleSheet();
  light.forEach((hue, i) => sheet.insertRule(`.h${i} { --hue: light-dark(${hue}, ${dark[i]}); }`));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

// A button that puts one name into the list of what is off, or takes it out.
function toggle(name, off, key) {
  return button(name, String(!off.has(name)), () => {
    const now = askedList(key);
    if (!now.delete(name)) now.add(name);
    keepList(key, now);
    showAll();
  });
}

// The axes of a section: a choice that is off is off in all of its figures.
function axisLegend(figure, section) {
  const choices = new Map();
  const rows = figure.rows ?? allSeries(figure);
  for (const { axes } of rows) {
    for (const [axis, value] of Object.entries(axes ?? {})) {
      choices.set(axis, (choices.get(axis) ?? new Set()).add(value));
    }
  }
  if (choices.size < 2) return [];
  return [...choices]
    .filter(([, values]) => values.size > 1)
    .map(([axis, values]) => {
      const key = `${section}.${axis}`;
      const off = askedList(key);
      const chips = [...values].map((value) => toggle(value, off, key));
      const all = off.size
        ? button(phrase("all"), null, () => (keep(key, ""), showAll()), { class: "all" })
        : null;
      return make("div", { role: "group", "aria-label": axis }, make("b", {}, axis), ...chips, all);
    });
}

function isAxesOn(axes, section) {
  return Object.entries(axes ?? {}).every(([axis, value]) => !askedList(`${section}.${axis}`).has(value));
}

function whenResized(host, act) {
  let before = host.clientWidth;
  new ResizeObserver(() => {
    if (host.clientWidth === before) return;
    before = host.clientWidth;
    act();
  }).observe(host);
}
