// The dials: one for each axis, and one for the time with a button that turns it.

const PLAY_MS = 160; // for one recorded epoch

// Rates are a slider, because there is an order in them; names are a list.
function dialOf(axis, chosen, choose) {
  const isOrdered = axis.choices.length > 2 && axis.choices.every((text) => Number.isFinite(Number(text)));
  return isOrdered ? sliderOf(phrase(axis.label), axis.choices, chosen, choose) : listOf(axis, chosen, choose);
}

function listOf(axis, chosen, choose) {
  const select = make("select", { change: () => choose(select.value) });
  select.append(...axis.choices.map((text) => make("option", { value: text }, text)));
  const show = (value) => {
    select.value = value;
  };
  show(chosen);
  return { element: make("label", {}, phrase(axis.label), select), show };
}

function sliderOf(label, texts, chosen, choose) {
  const value = make("output");
  const input = make("input", {
    type: "range",
    min: 0,
    max: texts.length - 1,
    step: 1,
    input: () => choose(texts[Number(input.value)]),
  });
  const show = (text) => {
    input.value = texts.indexOf(text);
    input.setAttribute("aria-valuetext", text);
    value.textContent = ` ${text}`;
  };
  show(chosen);
  return { element: make("label", {}, make("span", {}, label, value), input), show };
}

class Clockwork {
  // `turn(texts[place])` shows a moment; the texts may change with the setting.
  constructor(label, turn) {
    Object.assign(this, { label, turn, texts: [""], timer: null });
    this.button = button(phrase("Play"), "false", () => (this.timer ? this.rest() : this.play()));
    this.holder = make("span");
    this.element = make("div", { class: "time" }, this.button, this.holder);
  }

  show(texts, text) {
    const isNew = String(texts) !== String(this.texts);
    this.texts = texts;
    this.text = text;
    if (isNew) {
      this.dial = sliderOf(this.label, texts, text, (chosen) => (this.rest(), this.turn(chosen, true)));
      this.holder.replaceWith((this.holder = this.dial.element));
    } else this.dial.show(text);
  }

  play() {
    const at = this.texts.indexOf(this.text);
    if (at === this.texts.length - 1) this.turn(this.texts[0], false);
    this.button.textContent = phrase("Pause");
    this.button.setAttribute("aria-pressed", "true");
    this.timer = setInterval(() => this.next(), PLAY_MS);
  }

  next() {
    const at = this.texts.indexOf(this.text) + 1;
    if (at >= this.texts.length) return this.rest();
    this.turn(this.texts[at], false);
  }

  rest() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = phrase("Play");
    this.button.setAttribute("aria-pressed", "false");
    this.turn(this.text, true); // the address says where it rests
  }
}
