// Lines over epochs or steps, with a mark at what is shown now.

const ROOM = { left: 56, right: 22, top: 24, bottom: 34, height: 230 };
const NARROW = 420; // pixels: the legend stands below the title

// plot: title, unit, kind of scale, label of x, lines of {label, look, x, y}, ranges, and the x that is shown.
function curvesOf(plot, width) {
  const x = new Axis("linear", ...plot.xRange, ROOM.left, width - ROOM.right);
  const y = new Axis(plot.kind, ...plot.yRange, ROOM.height - ROOM.bottom, ROOM.top);
  const legend = plot.lines.map((line) => `${line.label} ${plot.write(valueAt(line, plot.now))}`);
  const said = `${plot.title}, ${plot.xLabel} ${written(plot.now)}: ${legend.join(", ")}`;
  const keys = plot.lines.flatMap((line, i) => [
    draw("tspan", { class: line.look, dx: i ? 14 : 0 }, line.look.includes("training") ? "\u2505 " : "\u2501 "),
    draw("tspan", {}, legend[i]),
  ]);
  return draw(
    "svg",
    { width, height: ROOM.height, viewBox: `0 0 ${width} ${ROOM.height}`, role: "img", "aria-label": said },
    ...gridOf(x, y, plot, width),
    ...plot.lines.map((line) => draw("path", { class: `line ${line.look}`, d: pathOf(line, x, y, plot.kind) })),
    draw("line", { class: "now", x1: x.at(plot.now), x2: x.at(plot.now), y1: ROOM.top, y2: ROOM.height - ROOM.bottom }),
    ...plot.lines.flatMap((line) => dotOf(line, plot, x, y)),
    draw("text", { class: "title", x: ROOM.left, y: 14 }, plot.title),
    draw("text", { x: width - ROOM.right, y: width < NARROW ? ROOM.height - 4 : 14, "text-anchor": "end" }, ...keys),
    draw("text", { x: width < NARROW ? ROOM.left - 46 : width - ROOM.right, y: ROOM.height - 4, "text-anchor": width < NARROW ? "start" : "end" }, plot.xLabel),
  );
}

function gridOf(x, y, plot, width) {
  const right = width - ROOM.right;
  const bottom = ROOM.height - ROOM.bottom;
  return [
    ...y.ticks(34).flatMap((tick) => [
      draw("line", { class: "grid", x1: ROOM.left, x2: right, y1: y.at(tick), y2: y.at(tick) }),
      draw("text", { x: ROOM.left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, shortly(tick)),
    ]),
    ...x
      .ticks(80)
      .map((tick) => draw("text", { x: x.at(tick), y: bottom + 16, "text-anchor": "middle" }, written(tick))),
    draw("rect", {
      class: "frame",
      x: ROOM.left,
      y: ROOM.top,
      width: Math.max(0, right - ROOM.left),
      height: bottom - ROOM.top,
    }),
  ];
}

function shortly(tick) {
  return tick !== 0 && Math.abs(tick) < 1e-3 ? tick.toExponential(0).replace("e-", "e\u2212") : written(tick);
}

function pathOf(line, x, y, kind) {
  let pen = "M";
  let path = "";
  for (let i = 0; i < line.x.length; i += 1) {
    if (!isPlaced(kind, line.y[i])) {
      pen = "M";
      continue;
    }
    // What is beyond the frame is drawn at its edge.
    const height = Math.min(Math.max(y.at(line.y[i]), ROOM.top), ROOM.height - ROOM.bottom);
    path += `${pen}${x.at(line.x[i]).toFixed(1)} ${height.toFixed(1)}`;
    pen = "L";
  }
  return path;
}

function dotOf(line, plot, x, y) {
  const value = valueAt(line, plot.now);
  if (!isPlaced(plot.kind, value)) return [];
  const height = Math.min(Math.max(y.at(value), ROOM.top), ROOM.height - ROOM.bottom);
  return [draw("circle", { class: `dot ${line.look}`, cx: x.at(plot.now), cy: height, r: 4 })];
}

// A line's value at the last of its places that is not beyond x.
function valueAt(line, x) {
  let found = NaN;
  for (let i = 0; i < line.x.length && line.x[i] <= x; i += 1) found = line.y[i];
  return found;
}
