// From values to places on the screen: linear, log, and the log of the error of a share.

const SCALES = {
  linear: { to: (v) => v, from: (p) => p },
  log: { to: (v) => Math.log10(v), from: (p) => 10 ** p },
  error: { to: (v, least) => -Math.log10(Math.max(1 - v, least)), from: (p) => 1 - 10 ** -p },
};
const SCALE_NAMES = { linear: "linear", log: "log", error: "log of error", own: "as searched" };

class Axis {
  // `least` is the smallest error that is told from none.
  constructor(kind, low, high, from, to, least = 1e-4) {
    const { to: place, from: value } = SCALES[kind];
    Object.assign(this, { kind, low, high, from, to, least, value });
    this.place = (v) => place(v, least);
    // The end of the axis lies a little beyond the smallest error, so that what has none is seen whole.
    this.start = place(low, least / 2);
    this.span = place(high, least / 2) - this.start || 1;
  }

  at(value) {
    const share = (this.place(value) - this.start) / this.span;
    // Far outside is as good as infinitely far, and every viewer can draw it.
    return this.from + (this.to - this.from) * Math.min(Math.max(share, -20), 20);
  }

  valueAt(pixel) {
    return this.value(this.start + ((pixel - this.from) / (this.to - this.from)) * this.span);
  }

  // Ticks that stand `room` pixels apart or a little more.
  ticks(room) {
    const wanted = Math.max(2, Math.abs(this.to - this.from) / room);
    if (this.kind === "linear") return linearTicks(this.low, this.high, wanted);
    if (this.kind === "log") return logTicks(this.low, this.high, wanted);
    const errors = logTicks(Math.max(1 - this.high, this.least), Math.max(1 - this.low, this.least), wanted);
    return errors.map((error) => 1 - error).reverse();
  }
}

function linearTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function logTicks(low, high, most) {
  if (high / low < 3) return linearTicks(low, high, most).filter((tick) => tick > 0);
  const decades = Math.log10(high / low);
  const marks = decades * 3 <= most ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / most));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high * 1.0001; power += 1) {
    if (marks.length === 1 && power % every !== 0) continue;
    for (const mark of marks) ticks.push(Number((mark * 10 ** power).toPrecision(12)));
  }
  const inside = ticks.filter((tick) => tick >= low * 0.9999 && tick <= high * 1.0001);
  return inside.length > 1 ? inside : linearTicks(low, high, most).filter((tick) => tick > 0);
}

// The values of a band or a line, as far as a scale has room for them.
function isPlaced(kind, value) {
  return value !== null && Number.isFinite(value) && (kind !== "log" || value > 0);
}

function rangeOf(values, kind) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!isPlaced(kind, value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? null : [low, high];
}

function widened([low, high], kind, least, share = 0.04) {
  if (kind === "log") {
    const margin = low === high ? 2 : (high / low) ** share;
    return [low / margin, high * margin];
  }
  if (kind === "error") {
    const [best, worst] = [Math.max(1 - high, least), Math.max(1 - low, least)];
    const margin = best === worst ? 2 : (worst / best) ** share;
    return [1 - Math.min(worst * margin, 1), 1 - best / margin];
  }
  if (low === high && low === 0) return [0, 1];
  const margin = low === high ? Math.abs(low) / 2 : (high - low) * share;
  return [low - margin, high + margin];
}
