// One setting and one moment are shown. What was chosen stands in the address.

const page = JSON.parse(document.getElementById("data").textContent);
const host = document.getElementById("playground");
const LOOKS = { loss: "training c1", accuracy: "training c1", val_loss: "c0", val_accuracy: "c0" };
const TRAINING = phrase("training");
const VALIDATION = phrase("validation");
const NAMES = { loss: TRAINING, accuracy: TRAINING, val_loss: VALIDATION, val_accuracy: VALIDATION };
const WHOLE_NAMES = {
  loss: phrase("training loss"),
  accuracy: phrase("training accuracy"),
  val_loss: phrase("validation loss"),
  val_accuracy: phrase("validation accuracy"),
};

class Playground {
  constructor(recorded) {
    Object.assign(this, { recorded, chosen: [], moment: null });
    this.dials = page.axes.map((axis, i) =>
      dialOf(axis, axis.choices[0], (text) => this.choose(axis.name, text, i)),
    );
    this.clockwork = new Clockwork(recorded.timeLabel, (text, isKept) => this.turn(text, isKept));
    this.outcome = make("p", { class: "outcome" });
    this.canvas = make("canvas", { role: "img", width: 640, height: 640 });
    this.curves = make("div", { class: "curves" });
    const dials = make(
      "div",
      { class: "dials" },
      ...this.dials.map((dial) => dial.element),
      this.clockwork.element,
    );
    const picture = make("figure", { class: "picture" }, this.canvas, make("figcaption", {}, recorded.caption));
    host.append(dials, this.outcome, ...(recorded.hasPicture ? [picture] : []), this.curves);
    host.classList.toggle("alone", !recorded.hasPicture);
    this.linkRows();
    showing(() => this.read());
    new ResizeObserver(() => this.drawCurves()).observe(this.curves);
    startTheme(() => this.show());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
  }

  get place() {
    return page.settings.findIndex((each) => each.choices.every((text, i) => text === this.chosen[i]));
  }

  // An address may name what is not there: then the page's own choice is shown.
  read() {
    const own = page.settings[this.recorded.first].choices;
    this.chosen = page.axes.map((axis, i) => {
      const text = asked(axis.name);
      return axis.choices.includes(text) ? text : own[i];
    });
    if (this.place < 0) this.chosen = [...own];
    this.moment = asked("at", null);
    this.show();
  }

  choose(name, text, i) {
    this.chosen[i] = text;
    // Two optimizers need not have the same rates: the nearest setting that there is.
    if (this.place < 0) this.chosen = [...page.settings.find((each) => each.choices[i] === text).choices];
    page.axes.forEach((axis, k) => keep(axis.name, this.chosen[k]));
    this.show();
    say(this.outcome.textContent);
  }

  turn(text, isKept) {
    this.moment = text;
    if (isKept) keep("at", text);
    this.show();
    if (isKept) say(this.outcome.textContent);
  }

  show() {
    const moments = this.recorded.momentsOf(this.place);
    const last = moments.at(-1);
    const text = moments.includes(this.moment) ? this.moment : last;
    this.dials.forEach((dial, i) => dial.show(this.chosen[i]));
    this.clockwork.show(moments, text);
    this.at = moments.indexOf(text);
    this.outcome.textContent = this.recorded.outcome(this.place, this.at);
    if (this.recorded.hasPicture) {
      this.recorded.paint(this.canvas, this.place, this.at);
      this.canvas.setAttribute("aria-label", `${this.recorded.caption} ${this.outcome.textContent}`);
    }
    this.rows?.forEach((row, i) => row.classList.toggle("marked", i === this.place));
    this.drawCurves();
  }

  drawCurves() {
    const width = this.curves.clientWidth;
    if (!width || this.place < 0) return;
    this.curves.replaceChildren(...this.recorded.plots(this.place, this.at).map((plot) => curvesOf(plot, width)));
  }

  linkRows() {
    this.rows = [...document.querySelectorAll("#ends tbody tr")];
    this.rows.forEach((row, i) => {
      const cell = row.cells[0];
      const show = () => {
        page.axes.forEach((axis, k) => keep(axis.name, page.settings[i].choices[k]));
        this.read();
        say(this.outcome.textContent);
      };
      cell.replaceChildren(make("button", { type: "button", click: show }, cell.textContent));
    });
    document.getElementById("ends").open = false;
  }
}

async function begin() {
  const recorded = page.kind === "trained" ? await Nets.read() : await Ways.read();
  document.body.append(live);
  new Playground(recorded);
  document.documentElement.dataset.ready = "yes";
}

begin();
