// The kinds of pictures, drawn with D3.

/// An SVG with room for axes around a plot.
function frame(stage, width, height, margin, label) {
  const svg = d3
    .select(stage)
    .append("svg")
    .attr("viewBox", `0 0 ${width} ${height}`)
    .attr("width", width)
    .attr("height", height)
    .attr("role", "img")
    .attr("aria-label", label);
  return {
    svg,
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
    margin,
    plot: svg.append("g").attr("transform", `translate(${margin.left},${margin.top})`),
  };
}

/// For axes that count: ticks between whole numbers are left out.
const wholeText = (value) => value.toLocaleString("en-US");

const kMargin = { top: 24, right: 14, bottom: 42, left: 58 };

/// Powers of ten in the scale's domain, few enough for `count` labels; with their 2- and 5-folds where there is room.
function logTicks(scale, count) {
  const [low, high] = d3.extent(scale.domain());
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / count));
  const factors = 3 * (last - first + 1) <= count + 2 ? [1, 2, 5] : [1];
  return d3
    .range(first, last + 1, step)
    .flatMap((power) => factors.map((factor) => factor * Math.pow(10, power)))
    .filter((value) => value >= low * (1 - 1e-9) && value <= high);
}

function tickText(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return Number.isInteger(value) ? value.toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

/// The axis below a plot with ticks at `values`, and its name.
function bottomAxis(f, scale, values, text, name) {
  const axis = d3.axisBottom(scale).tickValues(values).tickFormat(text).tickSizeOuter(0);
  f.plot.append("g").attr("class", "axis").attr("transform", `translate(0,${f.height})`).call(axis);
  const label = f.plot.append("text").attr("class", "label").attr("text-anchor", "middle").text(name);
  label.attr("x", f.width / 2).attr("y", f.height + 36);
}

/// The axis on the left, its name above it.
function leftAxis(f, scale, values, text, name) {
  const axis = d3.axisLeft(scale).tickValues(values).tickFormat(text).tickSizeOuter(0);
  f.plot.append("g").attr("class", "axis").call(axis);
  const label = f.plot.append("text").attr("class", "label").text(name);
  label.attr("x", -f.margin.left + 4).attr("y", -13);
}

function acrossLines(f, y, values) {
  const lines = f.plot.append("g").selectAll("line").data(values).enter().append("line").attr("class", "gridline");
  lines
    .attr("x2", f.width)
    .attr("y1", (v) => y(v))
    .attr("y2", (v) => y(v));
}

/// Both axes, and lines across at the vertical one's ticks.
function axes(f, x, y, xName, yName, options) {
  const { xTicks, yTicks, xText, yText } = options || {};
  const whole = (ticks, text) => (text === wholeText ? ticks.filter(Number.isInteger) : ticks);
  const xs = whole(xTicks || x.ticks(Math.max(2, Math.floor(f.width / 90))), xText);
  const ys = whole(yTicks || y.ticks(Math.max(2, Math.floor(f.height / 45))), yText);
  acrossLines(f, y, ys);
  bottomAxis(f, x, xs, xText || tickText, xName);
  leftAxis(f, y, ys, yText || tickText, yName);
}

/// Catches the pointer over the whole plot; `find(x, y)` gets the place in the plot and gives lines or null.
function hoverPlot(f, find) {
  const catcher = f.plot
    .append("rect")
    .attr("class", "catcher")
    .attr("width", f.width)
    .attr("height", f.height)
    .attr("fill", "none")
    .attr("pointer-events", "all")
    .node();
  onHover(catcher, (x, y, box) => find((x * f.width) / box.width, (y * f.height) / box.height));
}

/// Points that say what they are: `points` have x and y (in data), colour, lines(), and hollow where they are to be rings.
function dots(f, x, y, points, radius, opacity) {
  const places = points.map((p) => [x(p.x), y(p.y), p]);
  f.plot
    .append("g")
    .selectAll("circle")
    .data(places)
    .enter()
    .append("circle")
    .attr("cx", (p) => p[0])
    .attr("cy", (p) => p[1])
    .attr("r", (p) => (p[2].hollow ? radius * 0.8 : radius))
    .attr("fill", (p) => (p[2].hollow ? "none" : color(p[2].color)))
    .attr("stroke", (p) => (p[2].hollow ? color(p[2].color) : null))
    .attr("stroke-opacity", (p) => (p[2].hollow ? (places.length > 60 ? 0.6 : 0.95) : null))
    .attr("stroke-width", places.length > 60 ? 1 : 1.6)
    .attr("fill-opacity", opacity || 0.75);
  const ring = f.plot
    .append("circle")
    .attr("class", "focus")
    .attr("r", radius + 3)
    .attr("fill", "none")
    .attr("stroke", color("ink"))
    .attr("stroke-width", 1.5)
    .attr("visibility", "hidden");
  const tree = d3
    .quadtree()
    .extent([
      [0, 0],
      [f.width, f.height],
    ])
    .x((p) => p[0])
    .y((p) => p[1])
    .addAll(places);
  hoverPlot(f, (px, py) => {
    const found = tree.find(px, py, 30);
    ring.attr("visibility", found ? "visible" : "hidden");
    if (!found) return null;
    ring.attr("cx", found[0]).attr("cy", found[1]);
    return found[2].lines();
  });
}

/// Cuts a text that is wider than `width`.
function fitText(node, width) {
  const whole = node.textContent;
  for (let length = whole.length; node.getComputedTextLength() > width && length > 3; --length)
    node.textContent = whole.slice(0, length - 1) + "…";
}

// ---- matrices ----

/// The height of a plot that stands beside a matrix, or above it on a phone.
const besideMatrix = (width) => (width < 400 ? 330 : 470);

function sequential(low, high) {
  const stops = ["ramp-0", "ramp-1", "ramp-2", "ramp-3"].map(color);
  const scale = d3
    .scaleLinear()
    .domain([0, 1 / 3, 2 / 3, 1].map((t) => low + t * (high - low || 1)))
    .range(stops)
    .clamp(true);
  return Object.assign(scale, { from: low, to: high, stops });
}

/// Two hues around 0; `power` below 1 shows small values beside large ones.
function diverging(limit, power) {
  const stops = ["low-2", "low-1", "middle", "high-1", "high-2"].map(color);
  const scale = d3
    .scalePow()
    .exponent(power || 1)
    .domain([-limit, -limit * 0.5, 0, limit * 0.5, limit])
    .range(stops)
    .clamp(true);
  return Object.assign(scale, { from: -limit, to: limit, stops });
}

/// A canvas with one pixel for each entry; entries without a value are left clear.
function raster(grid, scale) {
  const canvas = el("canvas", { width: Math.max(1, grid.columns), height: Math.max(1, grid.rows) });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  grid.values.forEach((value, i) => {
    if (value === null) return;
    const c = d3.rgb(scale(value));
    image.data.set([c.r, c.g, c.b, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/// The colours' meaning, as a bar.
function scaleBar(stage, scale, text) {
  const bar = el("i");
  bar.style.background = `linear-gradient(to right, ${scale.stops.join(", ")})`;
  stage.append(el("div", { class: "scale" }, num(scale.from), bar, num(scale.to), el("span", {}, text)));
}

/// A matrix as a picture with axes that count `length` entries each; `lines(row, column)` says what a cell is.
function heat(stage, width, { grid, scale, xName, yName, xLength, yLength, lines, meaning, label, tallest }) {
  const margin = { top: 24, right: 10, bottom: 42, left: 46 };
  const side = Math.min(width - margin.left - margin.right, 460);
  const height = tallest ? Math.min(tallest, Math.max(60, grid.rows * 16)) : side;
  const across = tallest ? width - margin.left - margin.right : side;
  const f = frame(stage, across + margin.left + margin.right, height + margin.top + margin.bottom, margin, label);
  f.plot
    .append("image")
    .attr("class", "pixels")
    .attr("href", raster(grid, scale).toDataURL())
    .attr("width", f.width)
    .attr("height", f.height)
    .attr("preserveAspectRatio", "none");
  const whole = (length, count) =>
    d3.ticks(0, Math.max(1, length - 1), count).filter((v) => Number.isInteger(v) && v < length);
  // Ticks stand at the middle of their entry.
  const middle = (length, size) =>
    d3
      .scaleLinear()
      .domain([-0.5, length - 0.5])
      .range([0, size]);
  bottomAxis(f, middle(xLength, f.width), whole(xLength, f.width / 60), wholeText, xName);
  leftAxis(f, middle(yLength, f.height), whole(yLength, f.height / 40), wholeText, yName);
  const mark = f.plot
    .append("rect")
    .attr("class", "focus")
    .attr("fill", "none")
    .attr("stroke", color("ink"))
    .attr("visibility", "hidden");
  hoverPlot(f, (px, py) => {
    const inside = px >= 0 && py >= 0 && px < f.width && py < f.height;
    const c = Math.min(grid.columns - 1, Math.floor((px / f.width) * grid.columns));
    const r = Math.min(grid.rows - 1, Math.floor((py / f.height) * grid.rows));
    const text = inside ? lines(r, c, grid.values[r * grid.columns + c]) : null;
    mark.attr("visibility", text ? "visible" : "hidden");
    if (text) {
      mark
        .attr("x", (c * f.width) / grid.columns)
        .attr("y", (r * f.height) / grid.rows)
        .attr("width", f.width / grid.columns)
        .attr("height", f.height / grid.rows);
    }
    return text;
  });
  if (meaning) scaleBar(stage, scale, meaning);
}

function thinned(cell, what) {
  return cell > 1 ? ` Too many to show one by one: each cell is ${cell} by ${cell} ${what}.` : "";
}
