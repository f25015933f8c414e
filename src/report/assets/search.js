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
  const draw = figure(node, {
    id: "search",
    title: "Error over the search",
    controls: clocks.length > 1 ? [select] : [],
    legend: targetShown(islands) ? legend.concat([["target", "bad", "dashed"]]) : legend,
    note: searchNote(islands),
    draw: (stage, width) => drawSearch(stage, width, islands, clock, colorOf),
  });
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
  return (
    "Each dot is an accepted step, a line of the log: the mean squared error of the order on the sample of that " +
    "moment; lines are the lowest so far. Samples grow, so that errors of different stretches are not those of one " +
    "sample." +
    (zero ? " An error of 0 is drawn at the lower edge." : "") +
    (targetShown(islands) ? "" : ` The target, ${num(data.run.target)}, lies far below this picture.`) +
    (shown < total
      ? ` ${num(total)} lines are thinned to ${num(shown)}; lowest and highest of each stretch are kept.`
      : "")
  );
}

/// A row of the trajectory in words.
function logLines(r, island) {
  return [
    `${data.events[r[5]] || r[5]}, island ${island}`,
    `MSE ${num(r[3])} on ${plural(r[6], "row")}`,
    `best ${num(r[4])}`,
    `step ${num(r[0])}, ${plural(r[7], "move")}`,
    `${plural(r[1], "evaluation")}` + (r[2] > 0 ? `, ${seconds(r[2])}` : ""),
  ];
}

function drawSearch(stage, width, islands, [key, , name], colorOf) {
  // A tick at the right end may have a long number.
  const f = frame(stage, width, 340, { ...kMargin, right: 26 }, "Mean squared error over the search");
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
  axes(f, x, y, name, "mean squared error", {
    yTicks: logTicks(y, Math.floor(f.height / 40)),
    xText: key === 2 ? tickText : wholeText,
  });
  if (withTarget) {
    const line = f.plot.append("line").attr("stroke", color("bad")).attr("stroke-dasharray", "5 4");
    line.attr("x2", f.width).attr("y1", y(data.run.target)).attr("y2", y(data.run.target));
  }
  const points = [];
  const curve = d3.line().curve(d3.curveStepAfter);
  for (const { island, rows: own } of islands) {
    const path = f.plot.append("path").attr("class", "best").attr("data-island", island).attr("fill", "none");
    path.attr("stroke", color(colorOf(island))).attr("stroke-width", 1.5);
    path.attr("d", curve(own.map((r) => [x(r[key]), y(Math.max(low, r[4]))])));
    for (const r of own) {
      points.push({ x: r[key], y: Math.max(low, r[3]), color: colorOf(island), lines: () => logLines(r, island) });
    }
  }
  dots(f, x, y, points, points.length > 400 ? 2 : 3.5);
}
