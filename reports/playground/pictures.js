// Pictures of recorded bytes on a canvas: the answer over a plane, the first layer's weights, a landscape.

const HUES = ["--c0", "--c3", "--c2", "--c4", "--c1", "--c5"];
const BANDS = 14; // of a landscape

// What a colour of the style sheet is now: by day or by night.
function rgbOf(name) {
  const probe = make("span", { class: "unseen" });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return [r, g, b];
}

function mixed(from, to, share) {
  return from.map((value, i) => value + (to[i] - value) * share);
}

// Paints small pictures of one colour a cell, and enlarges them.
function paint(canvas, [rows, columns], colourAt, { isSmooth = true } = {}) {
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i += 1) image.data.set([...colourAt(i), 255], 4 * i);
  small.getContext("2d").putImageData(image, 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = isSmooth;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  return context;
}

// A byte has the most likely class in its equal part of 256, and in the part by how much it is more than likely.
function paintClasses(canvas, bytes, shape, k, plane) {
  const levels = Math.floor(256 / k);
  const paper = rgbOf("--paper");
  const hues = HUES.map(rgbOf);
  const context = paint(canvas, shape, (i) => {
    const hue = hues[Math.floor(bytes[i] / levels) % hues.length];
    return mixed(paper, hue, 0.12 + (0.5 * (bytes[i] % levels)) / Math.max(1, levels - 1));
  });
  paintPoints(context, plane, (target) => hues[target % hues.length]);
}

function paintValues(canvas, bytes, shape, plane) {
  const [low, middle, high] = ["--c0", "--paper", "--c3"].map(rgbOf);
  const colour = (share) => (share < 0.5 ? mixed(low, middle, 2 * share) : mixed(middle, high, 2 * share - 1));
  const least = Math.min(...plane.targets);
  const span = Math.max(...plane.targets) - least || 1;
  const context = paint(canvas, shape, (i) => colour(bytes[i] / 255));
  paintPoints(context, plane, (target) => colour((target - least) / span));
}

// Samples to train on are dots, those that validate rings.
function paintPoints(context, plane, colourOf) {
  const [left, right, bottom, top] = plane.extent;
  const { width, height } = context.canvas;
  const [ink, paper] = ["--ink", "--paper"].map(rgbOf);
  for (let i = 0; i < plane.targets.length; i += 1) {
    const x = ((plane.points[2 * i] - left) / (right - left)) * width;
    const y = ((top - plane.points[2 * i + 1]) / (top - bottom)) * height;
    const isTrained = i < plane.n_train;
    context.beginPath();
    context.arc(x, y, isTrained ? 4 : 5, 0, 7);
    context.fillStyle = `rgb(${colourOf(plane.targets[i])})`;
    context.strokeStyle = `rgb(${isTrained ? paper : ink})`;
    context.lineWidth = isTrained ? 1 : 2;
    context.fill();
    context.stroke();
  }
}

function paintFilters(canvas, bytes, [n, height, width]) {
  const columns = Math.min(n, Math.ceil(Math.sqrt(n)));
  const rows = Math.ceil(n / columns);
  const [below, zero, above, paper] = ["--c0", "--faint", "--c3", "--paper"].map(rgbOf);
  const across = columns * (width + 1) - 1;
  const down = rows * (height + 1) - 1;
  const scale = Math.max(1, Math.floor(640 / Math.max(across, 1)));
  canvas.width = across * scale;
  canvas.height = down * scale;
  paint(
    canvas,
    [down, across],
    (i) => {
      const [row, column] = [Math.floor(i / across), i % across];
      const filter = Math.floor(row / (height + 1)) * columns + Math.floor(column / (width + 1));
      const [y, x] = [row % (height + 1), column % (width + 1)];
      if (y === height || x === width || filter >= n) return paper;
      const weight = (bytes[(filter * height + y) * width + x] - 128) / 127;
      return mixed(zero, weight < 0 ? below : above, Math.abs(weight));
    },
    { isSmooth: false },
  );
}

// Bands of equal ratio above the least value: their edges are contours.
function paintLandscape(canvas, landscape, least) {
  const floor = least ?? landscape.z.reduce((a, b) => (b < a ? b : a), Infinity);
  // Where a function overflows it is as high as numbers go.
  const heights = Float64Array.from(landscape.z, (z) =>
    z < 1e38 ? Math.log10(Math.max(z - floor, 0) + 1e-3) : 38,
  );
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const [deep, paper] = ["--c0", "--paper"].map(rgbOf);
  const tones = Array.from({ length: BANDS + 1 }, (_, band) => mixed(deep, paper, 0.25 + (0.75 * band) / BANDS));
  const side = canvas.width;
  paint(canvas, [side, side], (i) => {
    const height = between(heights, landscape.shape, 1 - Math.floor(i / side) / (side - 1), (i % side) / (side - 1));
    return tones[Math.floor(((height - low) / (high - low || 1)) * BANDS)];
  });
}

// The value at these shares of the way up and across, between the four that are known around it.
function between(values, [rows, columns], up, across) {
  const [y, x] = [up * (rows - 1), across * (columns - 1)];
  const [row, column] = [Math.min(Math.floor(y), rows - 2), Math.min(Math.floor(x), columns - 2)];
  const [dy, dx] = [y - row, x - column];
  const at = row * columns + column;
  const below = values[at] * (1 - dx) + values[at + 1] * dx;
  const above = values[at + columns] * (1 - dx) + values[at + columns + 1] * dx;
  return below * (1 - dy) + above * dy;
}

function paintWay(context, { landscape, minima }, points, n) {
  const [left, right, bottom, top] = landscape.extent;
  const { width, height } = context.canvas;
  const at = (x, y) => [((x - left) / (right - left)) * width, ((top - y) / (top - bottom)) * height];
  const accent = `rgb(${rgbOf("--c3")})`;
  context.strokeStyle = accent;
  context.fillStyle = accent;
  context.lineWidth = 2;
  context.beginPath();
  for (let i = 0; i <= n; i += 1) context.lineTo(...at(points[2 * i], points[2 * i + 1]));
  context.stroke();
  for (let i = 0; i <= n; i += 1) disc(context, at(points[2 * i], points[2 * i + 1]), i === n ? 7 : 2.5);
  context.fillStyle = `rgb(${rgbOf("--ink")})`;
  for (const [x, y] of minima) disc(context, at(x, y), 4);
}

function disc(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
}
