// Recorded nets: curves by epoch, and after some epochs what the model makes of the plane, or its filters.

// A page has room for so many units of a layer.
function leftOut() {
  const { n_shown: shown, n_units: units } = page.frames;
  return shown < units ? ` ${phrase("The first {0} of {1} units are shown.", shown, units)}` : "";
}

class Nets {
  static async read() {
    const nets = new Nets();
    nets.values = await unpacked(page.curves.values, Float32Array);
    nets.bytes = await unpacked(page.frames.values, Uint8Array);
    if (page.plane) {
      const { points, targets, ...rest } = page.plane;
      nets.plane = {
        ...rest,
        points: await unpacked(points, Float32Array),
        targets: await unpacked(targets, Float32Array),
      };
    }
    nets.sizes = page.settings.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    nets.starts = startsOf(page.settings.map((each, i) => each.n_frames * nets.sizes[i]));
    nets.ranges = page.curves.names.map((_, k) => nets.rangeOfCurve(k));
    nets.first = nets.best();
    return nets;
  }

  timeLabel = phrase("epoch");
  hasPicture = page.frames.kind !== "none";
  caption = {
    classes: phrase("The class that the net gives every point, deeper where it is more certain. Dots were trained on, rings validate."),
    values: phrase("The value that the net gives every point, from the least target to the largest. Dots were trained on, rings validate."),
    filters: phrase("The weights of the first layer, each frame from its largest downwards (blue) to its largest upwards (orange).") + leftOut(),
    none: "",
  }[page.frames.kind];

  curve(place, k) {
    const { names, epochs } = page.curves;
    const start = (place * names.length + k) * epochs.length;
    return this.values.subarray(start, start + epochs.length);
  }

  // The same range for all settings, so that a turn of a dial is seen; what is far above is drawn at the edge.
  rangeOfCurve(k) {
    if (page.curves.names[k].endsWith("accuracy")) return [0, 1];
    const every = page.settings.map((_, place) => this.curve(place, k));
    const starts = every.map((curve) => curve[0]).filter((value) => value > 0 && value < Infinity);
    const usual = starts.sort((a, b) => a - b)[Math.floor(starts.length / 2)] ?? 1;
    const known = every.flatMap((curve) => [...curve]).filter((value) => value > 1e-4 * usual && value < 5 * usual);
    return rangeOf(known, "log") ?? [0.1, 1];
  }

  best() {
    const { names } = page.curves;
    const k = Math.max(names.indexOf("val_accuracy"), names.indexOf("val_loss"));
    const sign = names[k] === "val_loss" ? -1 : 1;
    const scores = page.settings.map((each, place) =>
      each.status === "diverged" ? -Infinity : sign * lastKnown(this.curve(place, k)),
    );
    return scores.reduce((best, score, i) => (score > scores[best] ? i : best), 0);
  }

  momentsOf(place) {
    return page.frames.epochs.slice(0, page.settings[place].n_frames).map(String);
  }

  outcome(place, at) {
    const setting = page.settings[place];
    const epoch = page.frames.epochs[at];
    const said = page.curves.names.map((name, k) => {
      const value = valueAt({ x: page.curves.epochs, y: this.curve(place, k) }, epoch);
      const text = name.endsWith("accuracy") ? written(100 * value, "%") : written(value);
      return `${WHOLE_NAMES[name]} ${text}`;
    });
    const end =
      setting.status === "diverged"
        ? phrase("diverged in epoch {0}", setting.n_epochs + 1)
        : phrase("trained for {0} epochs", setting.n_epochs);
    const now = epoch === 0 ? phrase("before any training") : said.join(", ");
    return phrase("Epoch {0}: {1}. {2}: {3}.", epoch, now, setting.choices.join(" \u00b7 "), end);
  }

  paint(canvas, place, at) {
    const { shape } = page.settings[place];
    const size = this.sizes[place];
    const start = this.starts[place] + at * size;
    const bytes = this.bytes.subarray(start, start + size);
    if (page.frames.kind === "classes") paintClasses(canvas, bytes, shape, page.frames.n_classes, this.plane);
    else if (page.frames.kind === "values") paintValues(canvas, bytes, shape, this.plane);
    else paintFilters(canvas, bytes, shape);
    canvas.classList.toggle("filters", page.frames.kind === "filters");
  }

  plots(place, at) {
    const { names, epochs } = page.curves;
    const line = (name) => ({
      label: NAMES[name],
      look: LOOKS[name],
      x: epochs,
      y: this.curve(place, names.indexOf(name)),
    });
    const common = { write: written, xLabel: phrase("epoch"), xRange: [0, epochs.at(-1)], now: page.frames.epochs[at] };
    const losses = this.ranges.filter((_, k) => names[k].endsWith("loss"));
    const yRange = [Math.min(...losses.map(([low]) => low)), Math.max(...losses.map(([, high]) => high))];
    const loss = { ...common, title: phrase("loss"), kind: "log", yRange, lines: [line("loss"), line("val_loss")] };
    if (!names.includes("accuracy")) return [loss];
    const lines = [line("accuracy"), line("val_accuracy")];
    const write = (value) => written(100 * value, "%");
    return [{ ...common, write, title: phrase("accuracy"), kind: "linear", yRange: [0, 1], lines }, loss];
  }
}
