// The error over the search.

/// What the curve can be drawn over: a column of the trajectory's rows, its name and the axis' name.
const kClocks = [
  [1, "exact evaluations", "exact evaluations"],
  [0, "steps", "step of the search"],
  [2, "seconds", "seconds of search"],
];

function searchFigure(node) {
  // The best island first; eight have a colour of their own.
  const islands = data.trajectory.slice().sort((a, b) => a.rows[a.rows.length - 1][4] - b.rows[b.rows.length - 1][4]);
  const colored = islands.slice(0, 8).map((i) => i.island);
  colored.sort((a, b) => a - b);
  const colorOf = (island) => (colored.includes(island) ? "s" + (1 + colored.indexOf(island)) : "muted");
  const clocks = kClocks.filter(([key]) => islands.some((i) => i.rows.some((r) => r[key] > 0)));
  let clock = clocks[0] || kClocks[0];
  const select = choice("Over", clocks, (key) => {
    clock = kClocks.find((c) => c[0] === Number(key));
    draw();
  });
  const legend = colored.map((island) => [`island ${island}`, colorOf(island)]);
  if (islands.length > 8) legend.push(["other islands", "muted"]);
  legend.push(["kept: the lowest error so far on its sample", "soft", "dot"]);
  if (islands.some((i) => i.rows.some(tried))) legend.push(["tried: above the lowest so far", "soft", "ring"]);
  if (targetShown(islands)) legend.push(["target", "bad", "dashed"]);
  const draw = figure(node, {
    id: "search",
    title: "Error over the search",
    controls: clocks.length > 1 ? [select] : [],
    legend,
    note: searchNote(islands),
    draw: (stage, width) => drawSearch(stage, width, islands, clock, colorOf),
  });
  stepsTable(node);
}

/// A row of the trajectory whose order is not the best of its island on the same sample.
const tried = (row) => row[3] !== null && row[4] !== null && row[3] > row[4];

/// Stretches of an island's rows in which the lowest error can be compared: on one sample.
function stretches(rows) {
  const list = [];
  rows.forEach((row, i) => {
    const before = rows[i - 1];
    if (!before || before[6] !== row[6] || row[4] > before[4]) list.push([]);
    list[list.length - 1].push(row);
  });
  return list;
}

/// What the kinds of steps brought.
function stepsTable(node) {
  const kinds = Object.entries(data.events).filter(([, kind]) => kind.lines > 0);
  table(
    node,
    "steps-table",
    "Kinds of steps",
    ["kind", "letter in the log", "lines of the log", "lowered the error", "moves"],
    kinds.map(([letter, kind]) => [kind.words, letter, num(kind.lines), num(kind.lowered), num(kind.moves)]),
  );
}

const logErrors = (islands) => islands.flatMap((i) => i.rows.flatMap((r) => [r[3], r[4]]));

/// False where the search ended so far above the target that it would press all curves into the picture's upper edge.
function targetShown(islands) {
  const far = 1e3;
  return data.run.target > 0 && logErrors(islands).some((v) => v !== null && v <= far * data.run.target);
}

function searchNote(islands) {
  const total = d3.sum(islands, (i) => i.all);
  const shown = d3.sum(islands, (i) => i.rows.length);
  const zero = islands.some((i) => i.rows.some((r) => r[3] === 0 || r[4] === 0));
  const grows = sampleSizes(islands).length > 1;
  return (
    "Each dot is a line of the log: the mean squared error of the order on the sample of that moment. A line joins the " +
    "lowest so far. " +
    (grows
      ? "Where the sample grows, the same order is measured on more rows and the line begins anew, mostly higher: the " +
        "dotted step is no change of the order. The strip below has the rows of the sample."
      : `All on the same ${plural(sampleSizes(islands)[0], "row")}.`) +
    (zero ? " An error of 0 is drawn at the lower edge." : "") +
    (targetShown(islands) ? "" : ` The target, ${num(data.run.target)}, lies far below this picture.`) +
    (shown < total
      ? ` ${num(total)} lines are thinned to ${num(shown)}; lowest and highest of each stretch are kept.`
      : "")
  );
}

const sampleSizes = (islands) =>
  Array.from(new Set(islands.flatMap((i) => i.rows.map((r) => r[6])))).sort((a, b) => a - b);

/// A row of the trajectory in words.
function logLines(r, island) {
  const event = data.events[r[5]];
  return [
    `${event ? event.words : r[5]}, island ${island}`,
    `MSE ${num(r[3])} on ${plural(r[6], "row")}` + (tried(r) ? ": tried" : ": the lowest so far"),
    `lowest so far ${num(r[4])}`,
    `step ${num(r[0])}, ${plural(r[7], "move")}`,
    `${plural(r[1], "evaluation")}` + (r[2] > 0 ? `, ${seconds(r[2])}` : ""),
  ];
}

function drawSearch(stage, width, islands, [key, , name], colorOf) {
  const sizes = sampleSizes(islands);
  const strip = sizes.length > 1 ? 84 : 0;
  // A tick at the right end may have a long number.
  const whole = frame(stage, width, 340 + strip, { ...kMargin, right: 26 }, "Mean squared error over the search");
  const f = { ...whole, height: whole.height - strip };
  const rows = islands.flatMap((i) => i.rows);
  const withTarget = targetShown(islands);
  const positive = logErrors(islands)
    .concat(withTarget ? data.run.target : [])
    .filter((v) => v > 0);
  const low = (d3.min(positive) || 1e-12) / (withTarget ? 3 : 1.2);
  const last = d3.max(rows, (r) => r[key]) || 1;
  const x = d3.scaleLinear().domain([0, last]).range([0, f.width]);
  const y = d3
    .scaleLog()
    .domain([low, (d3.max(positive) || 1) * (withTarget ? 2 : 1.2)])
    .range([f.height, 0]);
  const xTicks = x.ticks(Math.max(2, Math.floor(f.width / 90)));
  const xText = key === 2 ? tickText : wholeText;
  acrossLines(f, y, logTicks(y, Math.floor(f.height / 40)));
  leftAxis(f, y, logTicks(y, Math.floor(f.height / 40)), tickText, "mean squared error");
  bottomAxis(whole, x, key === 2 ? xTicks : xTicks.filter(Number.isInteger), xText, name);
  if (withTarget) {
    const line = f.plot.append("line").attr("class", "target").attr("stroke", color("bad"));
    line.attr("stroke-dasharray", "5 4").attr("x2", f.width).attr("y1", y(data.run.target)).attr("y2", y(data.run.target));
  }
  const points = [];
  for (const { island, rows: own } of islands) {
    drawLowest(f, own, (r) => x(r[key]), (v) => y(Math.max(low, v)), color(colorOf(island)), last && x(last), island);
    for (const r of own) {
      points.push({
        x: r[key],
        y: Math.max(low, r[3]),
        color: colorOf(island),
        hollow: tried(r),
        lines: () => logLines(r, island),
      });
    }
  }
  if (strip) drawSampleSizes(whole, f.height + 34, strip - 34, islands, sizes, (r) => x(r[key]), colorOf);
  dots(f, x, y, points, points.length > 400 ? 2 : 3.5);
}

/// The lowest error so far as steps, broken where the sample changes; dotted from one stretch to the next.
function drawLowest(f, rows, across, up, stroke, end, island) {
  const curve = d3.line().curve(d3.curveStepAfter);
  const parts = stretches(rows);
  let path = "";
  parts.forEach((part, i) => {
    const points = part.map((r) => [across(r), up(r[4])]);
    const next = parts[i + 1];
    points.push([next ? across(next[0]) : end, points[points.length - 1][1]]);
    path += curve(points);
    if (!next) return;
    const dotted = f.plot.append("line").attr("class", "growth").attr("stroke", stroke).attr("stroke-dasharray", "1 3");
    dotted.attr("x1", across(next[0])).attr("x2", across(next[0]));
    dotted.attr("y1", up(part[part.length - 1][4])).attr("y2", up(next[0][4]));
  });
  const line = f.plot.append("path").attr("class", "best").attr("data-island", island).attr("fill", "none");
  line.attr("stroke", stroke).attr("stroke-width", 1.5).attr("d", path);
}

/// How many rows the sample had, below the errors and over the same clock.
function drawSampleSizes(f, top, height, islands, sizes, across, colorOf) {
  const y = d3
    .scaleLog()
    .domain([sizes[0] / 1.3, sizes[sizes.length - 1] * 1.3])
    .range([top + height, top]);
  const shown = sizes.filter((size, i) => i === 0 || i === sizes.length - 1);
  acrossLines(f, y, shown);
  const axis = d3.axisLeft(y).tickValues(shown).tickFormat(wholeText).tickSizeOuter(0);
  f.plot.append("g").attr("class", "axis").call(axis);
  const label = f.plot.append("text").attr("class", "label").text("rows of the sample");
  label.attr("x", -f.margin.left + 4).attr("y", top - 9);
  const curve = d3.line().curve(d3.curveStepAfter);
  islands.forEach(({ island, rows }, i) => {
    const shift = islands.length > 1 ? (i / (islands.length - 1) - 0.5) * Math.min(8, islands.length * 2) : 0;
    const points = rows.map((r) => [across(r), y(r[6]) + shift]);
    points.push([f.width, points[points.length - 1][1]]);
    const path = f.plot.append("path").attr("class", "sample").attr("fill", "none").attr("stroke-width", 1.5);
    path.attr("stroke", color(colorOf(island))).attr("d", curve(points));
  });
}
