// Dots and intervals: the difference of each configuration to the reference, and who may be the best.

const ROW = { height: 23, stacked: 38, below: 40, most: 860 };

class Standings {
  constructor(figure, name, host, section) {
    Object.assign(this, { figure, name, host, section });
    this.legend = make("div", { class: "legend" });
    this.plot = make("div", {});
    host.append(this.plot, this.legend);
    showing(() => this.show());
    whenResized(host, () => this.drawRows());
  }

  show() {
    replaceKeepingFocus(this.legend, ...axisLegend(this.figure, this.section));
    this.drawRows();
  }

  drawRows() {
    const rows = this.figure.rows.filter((row) => isAxesOn(row.axes, this.section));
    const width = Math.min(this.host.clientWidth || 600, ROW.most);
    const longest = Math.max(0, ...rows.map((row) => textWidth(row.label)));
    const numbers = Math.max(0, ...rows.map((row) => textWidth(row.text))) + 14;
    this.isStacked = longest + numbers + 180 > width;
    // Where even a line of its own is too short for both, the interval is left to the picture.
    this.isShort = this.isStacked && longest + numbers > width - 6;
    const left = this.isStacked ? 6 : longest + 14;
    const right = this.isStacked ? width - 6 : width - numbers;
    const high = this.isStacked ? ROW.stacked : ROW.height;
    const bottom = rows.length * high + 4;
    this.axis = new Axis("linear", ...this.figure.reach, left, right);
    const svg = draw("svg", {
      width,
      height: bottom + ROW.below,
      viewBox: `0 0 ${width} ${bottom + ROW.below}`,
      class: "standings",
      role: "listbox",
      "aria-label": this.figure.about,
    });
    svg.append(...this.backdrop(bottom), ...rows.map((row, i) => this.row(row, i, high, width)));
    replaceKeepingFocus(this.plot, svg);
    markRows(this.section);
  }

  // The ends of the band, the place of the line, and what stands below a tick.
  ground() {
    const { noticeable, factor } = this.figure;
    return { band: [-noticeable, noticeable], line: 0, nameOf: (tick) => written(tick * factor, "", true) };
  }

  backdrop(bottom) {
    const { label } = this.figure;
    const { band, line, nameOf } = this.ground();
    const [low, high] = band.map((end) => this.axis.at(end));
    const ticks = this.axis.ticks(70);
    const hidden = { "aria-hidden": "true" };
    return [
      draw("rect", { ...hidden, class: "noticeable", x: low, y: 0, width: high - low, height: bottom }),
      draw("line", { ...hidden, class: "zero", x1: this.axis.at(line), x2: this.axis.at(line), y1: 0, y2: bottom }),
      draw("line", {
        ...hidden,
        class: "axis",
        x1: this.axis.from,
        x2: this.axis.to,
        y1: bottom,
        y2: bottom,
      }),
      ...ticks.map((tick) =>
        draw(
          "text",
          { ...hidden, class: "tick middle", x: this.axis.at(tick), y: bottom + 15 },
          nameOf(tick),
        ),
      ),
      draw(
        "text",
        { ...hidden, class: "tick middle", x: (this.axis.from + this.axis.to) / 2, y: bottom + 32 },
        label,
      ),
    ];
  }

  row(row, place, high, width) {
    const top = place * high + 2;
    const middle = top + (this.isStacked ? high - 10 : high / 2);
    const said = this.saidOf(row);
    const name = draw(
      "text",
      {
        x: this.isStacked ? 6 : this.axis.from - 8,
        y: this.isStacked ? top + 13 : middle + 4,
        class: this.isStacked ? "name" : "name end",
      },
      row.label,
    );
    const number = draw(
      "text",
      { x: width - 2, y: this.isStacked ? top + 13 : middle + 4, class: "number end" },
      (this.isShort ? row.text.split(" [")[0] : row.text) || "reference",
    );
    const mark = () => {
      const key = `${this.section}.mark`;
      keep(key, asked(key) === row.label ? "" : row.label);
      showAll();
    };
    return draw(
      "g",
      {
        class: `row${row.best ? " best" : ""}`,
        role: "option",
        "aria-selected": "false",
        tabindex: place === 0 ? 0 : -1,
        "aria-label": said,
        "data-label": row.label,
        click: mark,
        keydown: (event) => this.press(event, mark),
      },
      draw("rect", { class: "under", x: 0, y: top, width, height: high }),
      draw("title", {}, said),
      name,
      number,
      ...this.dot(row, middle),
    );
  }

  saidOf(row) {
    const meaning = this.figure.meaning[row.best ? 0 : 1];
    return `${row.label}: ${row.text || "reference"}. ${meaning[0].toUpperCase()}${meaning.slice(1)}.`;
  }

  // The tab key comes to the list, the arrow keys go through it, and enter picks.
  press(event, mark) {
    const rows = [...this.plot.querySelectorAll(".row")];
    const now = rows.indexOf(event.currentTarget);
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") mark();
    else if (next === undefined) return;
    event.preventDefault();
    rows[next]?.focus();
  }

  dot(row, middle) {
    const { low, high, from, to } = this.axis;
    if (row.difference <= low || row.difference >= high) {
      const [at, way] = row.difference <= low ? [from, 1] : [to, -1];
      return [draw("path", { class: "arrow", d: `M${at} ${middle}l${7 * way} -4v8z` })];
    }
    const [a, b] = row.interval.map((end, side) =>
      this.axis.at(Math.min(Math.max(end ?? (side ? high : low), low), high)),
    );
    return [
      draw("line", { class: "interval", x1: a, x2: b, y1: middle, y2: middle }),
      draw("circle", { class: "point", cx: this.axis.at(row.difference), cy: middle, r: 4.5 }),
    ];
  }
}

let measuring = null;

function textWidth(text, size = "600 13px") {
  measuring ??= document.createElement("canvas").getContext("2d");
  measuring.font = `${size} system-ui, sans-serif`;
  return measuring.measureText(text).width;
}

// A configuration that was picked stands out in the plot, in the curves and in the tables of its section.
function markRows(section) {
  const wanted = asked(`${section}.mark`);
  const box = document.getElementById(section);
  for (const row of box.querySelectorAll(".row")) {
    row.classList.toggle("marked", row.dataset.label === wanted);
    row.setAttribute("aria-selected", String(row.dataset.label === wanted));
  }
  for (const row of box.querySelectorAll("tbody tr")) {
    const texts = [...row.cells].slice(0, 5).map((cell) => cell.textContent);
    const names = [...texts, ...texts.map((text, i) => `${text} \u00b7 ${texts[i + 1]}`)];
    row.classList.toggle("marked", wanted !== "" && names.includes(wanted));
  }
}
