// Elements and what is said to a screen reader. Texts become text nodes: nothing here is read as markup.

const SVG = "http://www.w3.org/2000/svg";
const FIGURES = new Intl.NumberFormat("en", { maximumSignificantDigits: 4, useGrouping: true });

function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function button(text, pressed, act, attributes = {}) {
  return make("button", { type: "button", "aria-pressed": pressed, click: act, ...attributes }, text);
}

// A row of buttons of which one is pressed.
function choice(name, options, chosen, choose) {
  const buttons = options.map(([value, text]) => button(text, String(value === chosen), () => choose(value)));
  return make(
    "span",
    { class: "choice", role: "group", "aria-label": name },
    make("b", {}, name),
    ...buttons,
  );
}

// Builds the children anew, and gives the focus back to what stands in the same place.
function replaceKeepingFocus(host, ...children) {
  const focusable = () => [...host.querySelectorAll("button, input, [tabindex]")];
  const place = focusable().indexOf(document.activeElement);
  host.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  if (place >= 0) focusable()[place]?.focus({ preventScroll: true });
}

const live = make("p", { class: "unseen", role: "status" });

function say(text) {
  live.textContent = text;
}

// What the page itself says, in the language of the document; {0} and {1} stand for values.
function phrase(text, ...values) {
  return (page.words[text] ?? text).replace(/\{(\d)\}/g, (_, place) => values[place]);
}

// A number as the report writes it: a typographic minus, four digits.
function written(value, unit = "", signed = false) {
  if (!Number.isFinite(value)) return "\u2014";
  const size = Math.abs(value);
  const isExtreme = size !== 0 && (size < 1e-3 || size >= 1e7);
  const isNearOne = size < 1 && size > 0.9995; // as a share that is kept: all that it lacks of 1 counts
  const text = isExtreme ? size.toExponential(2).replace(/\.?0+e/, "e") : isNearOne ? String(Number(size.toPrecision(6))) : FIGURES.format(size);
  const sign = value < 0 ? "\u2212" : signed && value > 0 ? "+" : "";
  return `${sign}${text.replace("e+", "e").replace("e-", "e\u2212")}${unit ? ` ${unit}` : ""}`;
}
