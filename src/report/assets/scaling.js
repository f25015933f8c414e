// How times fall with the number of ranks.

function scalingSection() {
  if (!data.scalings.length) return;
  const node = section(
    "scaling",
    "Scaling",
    "Strong: the same problem on more ranks; the ideal halves the time where ranks double. Weak: as much work for each " +
      "rank; the ideal keeps the time of an evaluation.",
  );
  data.scalings.forEach((scaling, i) => scalingFigures(node, scaling, i));
}

const timeName = (scaling) => (scaling.kind === "weak" ? "seconds for an evaluation" : "seconds of search");

function scalingFigures(node, scaling, number) {
  const both = row(node);
  const several = scaling.points.some((p) => p.times.length > 1);
  const legend = [
    ["median", "s1", "line"],
    ["ideal", "ink", "dashed"],
  ];
  if (several) legend.push(["a run", "s1", "dot"], ["from the fastest to the slowest", "ramp-1"]);
  const title = `${scaling.kind === "weak" ? "Weak" : "Strong"} scaling`;
  figure(both, {
    id: `scaling-${number}`,
    title: `${title}: ${timeName(scaling)}`,
    legend,
    note: `${scaling.of}. Both axes are logarithmic.` + (several ? "" : " One run for each number of ranks: no spread.") +
      (scaling.points.some((p) => p.solved > 0 && p.solved < p.runs) ? " Runs that were not solved are left out." : ""),
    draw: (stage, width) => drawTimes(stage, width, scaling),
  });
  figure(both, {
    id: `efficiency-${number}`,
    title: `${title}: efficiency`,
    legend,
    note: "Share of the ideal: 100 % on the fewest ranks that were measured, by the median there.",
    draw: (stage, width) => drawEfficiency(stage, width, scaling),
  });
  table(
    node,
    `scaling-table-${number}`,
    `${title} of ${scaling.of}`,
    ["ranks", "blocks", "runs", "solved", "evaluations", "median s", "fastest s", "slowest s", "total s", "speed-up", "efficiency"],
    scaling.points.map((p) => [
      p.ranks,
      p.blocks || "–",
      p.runs,
      { text: num(p.solved), value: p.solved, flag: p.solved < p.runs },
      { text: num(p.median_evaluations), value: p.median_evaluations },
      { text: num(p.median), value: p.median },
      { text: num(p.times[0]), value: p.times[0] },
      { text: num(p.times[p.times.length - 1]), value: p.times[p.times.length - 1] },
      { text: num(p.median_total), value: p.median_total },
      { text: p.speedup.toFixed(2), value: p.speedup },
      { text: (100 * p.efficiency).toFixed(1) + " %", value: p.efficiency },
    ]),
    true,
  );
}

/// Ranks on a logarithmic axis, ticks where there are points.
function ranksAxis(f, points) {
  const ranks = points.map((p) => p.ranks);
  const [least, most] = d3.extent(ranks);
  const x = d3.scaleLog().domain([least / 1.25, Math.max(most, least) * 1.25]).range([0, f.width]);
  const shown = [];
  for (const rank of ranks) if (!shown.length || x(rank) - x(shown[shown.length - 1]) > 34) shown.push(rank);
  return [x, shown];
}

/// What `value` of a time is at each number of ranks: band, line and dots.
function drawSpread(f, x, y, points, value, lines) {
  const area = d3.area().x((p) => x(p.ranks)).y0((p) => y(value(p, p.times[0]))).y1((p) => y(value(p, p.times[p.times.length - 1])));
  f.plot.append("path").attr("class", "spread").attr("fill", color("ramp-1")).attr("fill-opacity", 0.5).attr("d", area(points));
  const path = f.plot.append("path").attr("class", "median").attr("fill", "none").attr("stroke", color("s1")).attr("stroke-width", 2);
  path.attr("d", d3.line().x((p) => x(p.ranks)).y((p) => y(value(p, p.median)))(points));
  dots(
    f,
    x,
    y,
    points.flatMap((p) => p.times.map((t) => ({ x: p.ranks, y: value(p, t), color: "s1", lines: () => lines(p, t) }))),
    points.length > 12 ? 2.5 : 3.5,
  );
}

function pointLines(scaling) {
  return (p, t) => [
    plural(p.ranks, "rank"),
    `${num(t)} s` + (scaling.kind === "weak" ? " for an evaluation" : " of search"),
    `median of ${plural(p.times.length, "run")} ${num(p.median)} s`,
    `speed-up ${p.speedup.toFixed(2)}, efficiency ${(100 * p.efficiency).toFixed(1)} %`,
  ];
}

function drawTimes(stage, width, scaling) {
  const points = scaling.points;
  const f = frame(stage, width, 320, kMargin, `Time over ranks, ${scaling.kind} scaling`);
  const [x, ranks] = ranksAxis(f, points);
  const first = points[0];
  const ideal = (rank) => (scaling.kind === "weak" ? first.median : (first.median * first.ranks) / rank);
  const all = points.flatMap((p) => p.times.concat(ideal(p.ranks)));
  const y = d3.scaleLog().domain([d3.min(all) / 1.3, d3.max(all) * 1.3]).range([f.height, 0]);
  axes(f, x, y, "ranks", timeName(scaling), { xTicks: ranks, xText: wholeText, yTicks: logTicks(y, 7) });
  const line = f.plot.append("line").attr("class", "ideal").attr("stroke", color("ink")).attr("stroke-dasharray", "5 4");
  const last = points[points.length - 1].ranks;
  line.attr("x1", x(first.ranks)).attr("y1", y(ideal(first.ranks))).attr("x2", x(last)).attr("y2", y(ideal(last)));
  drawSpread(f, x, y, points, (p, t) => t, pointLines(scaling));
}

function drawEfficiency(stage, width, scaling) {
  const points = scaling.points;
  const f = frame(stage, width, 320, kMargin, `Efficiency over ranks, ${scaling.kind} scaling`);
  const [x, ranks] = ranksAxis(f, points);
  const value = (p, t) => (p.efficiency * p.median) / t;
  const most = Math.max(1.05, d3.max(points, (p) => value(p, p.times[0])) * 1.05);
  const y = d3.scaleLinear().domain([0, most]).range([f.height, 0]);
  axes(f, x, y, "ranks", "efficiency", { xTicks: ranks, xText: wholeText, yText: (v) => Math.round(100 * v) + " %" });
  const line = f.plot.append("line").attr("class", "ideal").attr("stroke", color("ink")).attr("stroke-dasharray", "5 4");
  line.attr("x1", x(points[0].ranks)).attr("x2", x(points[points.length - 1].ranks)).attr("y1", y(1)).attr("y2", y(1));
  drawSpread(f, x, y, points, value, pointLines(scaling));
}
