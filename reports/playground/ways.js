// Recorded ways down a function: points on the landscape, and the value step by step.

class Ways {
  static async read() {
    const ways = new Ways();
    ways.points = await unpacked(page.points, Float32Array);
    ways.values = await unpacked(page.values, Float32Array);
    ways.landscape = { ...page.landscape, z: await unpacked(page.landscape.z, Float32Array) };
    ways.starts = startsOf(page.settings.map((each) => each.n_points));
    return ways;
  }

  timeLabel = phrase("step");
  hasPicture = true;
  caption = phrase(
    "The landscape ({0}) in bands of equal ratio, its minima, and the way from the start until this step.",
    page.landscape.labels.join(", "),
  );
  first = Math.floor((page.axes[1].choices.length - 1) / 2);

  momentsOf(place) {
    return page.settings[place].steps.map(String);
  }

  above(place) {
    const values = this.values.subarray(this.starts[place], this.starts[place + 1]);
    return Float64Array.from(values, (value) => value - (page.least ?? 0));
  }

  outcome(place, at) {
    const { steps, choices, status } = page.settings[place];
    const value = this.values[this.starts[place] + at];
    const limit = page.limit === null ? "" : ` ${phrase("Gradient descent diverges above a rate of {0}.", written(page.limit))}`;
    const said = [steps[at], written(value), choices.join(" \u00b7 "), phrase(status)];
    return `${phrase("Step {0}: value {1}. {2}: {3}.", ...said)}${limit}`;
  }

  paint(canvas, place, at) {
    const tone = String(rgbOf("--paper"));
    if (this.tone !== tone) {
      this.tone = tone;
      this.ground = make("canvas", { width: canvas.width, height: canvas.height });
      paintLandscape(this.ground, this.landscape, page.least);
    }
    const context = canvas.getContext("2d");
    context.drawImage(this.ground, 0, 0);
    const start = this.starts[place];
    paintWay(context, page, this.points.subarray(2 * start, 2 * this.starts[place + 1]), at);
  }

  plots(place, at) {
    const { steps } = page.settings[place];
    const y = this.above(place);
    const isLog = page.least !== null;
    const range = rangeOf([...y], isLog ? "log" : "linear") ?? [0.1, 1];
    return [
      {
        title: phrase(isLog ? "value above the minimum" : "value"),
        kind: isLog ? "log" : "linear",
        write: written,
        xLabel: phrase("step"),
        xRange: [0, Math.max(1, steps.at(-1))],
        yRange: widened(range, isLog ? "log" : "linear"),
        now: steps[at],
        lines: [{ label: phrase(isLog ? "above" : "value"), look: "c0", x: steps, y }],
      },
    ];
  }
}
