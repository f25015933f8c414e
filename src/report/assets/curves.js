// Errors of many runs over evaluations and over seconds.

/// Groups have colours; beyond eight they share one.
const groupColor = (group) => (group < 8 ? "s" + (group + 1) : "muted");

/// The legend's entries for the groups of `runs`.
function groupLegend(runs) {
  const used = Array.from(new Set(runs.map((r) => r.group))).sort((a, b) => a - b);
  if (data.groups.length < 2) return [];
  const named = used.filter((g) => g < 8).map((g) => [data.groups[g], groupColor(g)]);
  return used.some((g) => g >= 8) ? named.concat([["other settings", "muted"]]) : named;
}

/// What a run is, for tips.
function runLines(run) {
  const lines = [run.name + (run.first ? " (the first to solve)" : "")];
  if (data.problems.length > 1) lines.push(data.problems[run.problem]);
  if (data.groups.length > 1) lines.push(data.groups[run.group]);
  lines.push(run.status ? run.status.replace(/_/g, " ") : "how it ended is not said");
  return lines;
}

/// Corners of a curve on one sample each, with the place where the next one begins.
function curveParts(curve) {
  const parts = [];
  curve.forEach((corner, i) => {
    const before = curve[i - 1];
    if (!before || before[3] !== corner[3] || corner[2] > before[2]) parts.push([]);
    parts[parts.length - 1].push(corner);
  });
  return parts;
}

function curvesSection(runs) {
  const with_curve = runs.filter((r) => r.curve.length > 0);
  if (!with_curve.length) return;
  const node = section(
    "curves",
    "Error over the search",
    "The lowest error so far of each run, over evaluations of the whole network and over seconds of search.",
  );
  const counts = data.problems.map((name, p) => [p, name, with_curve.filter((r) => r.problem === p).length]);
  const problems = counts.filter(([, , count]) => count > 0).sort((a, b) => b[2] - a[2]);
  let shown = problems[0][0];
  const redraw = [];
  const select = choice("Problem", problems, (value) => {
    shown = Number(value);
    redraw.forEach((draw) => draw());
  });
  const own = () => with_curve.filter((r) => r.problem === shown);
  redraw.push(
    figure(node, {
      id: "errors",
      title: "Error over evaluations and seconds",
      controls: problems.length > 1 ? [select] : [],
      legend: () => groupLegend(own()).concat([
        ["solved", "soft", "dot"],
        ["not solved", "soft", "ring"],
        ...(own().some((r) => r.first) ? [["the first to solve", "gold", "ring"]] : []),
        ...(own().some(nearTarget) ? [["target", "bad", "dashed"]] : []),
      ]),
      note:
        "Where the sample grows, the same order is measured on more rows: a dotted step, which is no change of the " +
        "order. Each run ends in a dot where it was solved, in a ring where not. The axes are logarithmic.",
      draw: (stage, width) => drawErrors(stage, width, own()),
    }),
  );
}

/// Whether the target is near enough to be in the picture.
const nearTarget = (run) => run.target > 0 && d3.min(run.curve, (c) => c[2]) <= 1e3 * run.target;

/// Two plots beside each other (below each other on a phone) with one scale of errors.
function drawErrors(stage, width, runs) {
  const panels = [
    [0, "exact evaluations", (run) => run.evaluations],
    [1, "seconds of search", (run) => run.search],
  ].filter(([key, , end]) => runs.some((r) => end(r) > 0 || r.curve.some((c) => c[key] > 0)));
  const beside = width >= 640 && panels.length === 2;
  const own = beside ? width / 2 - 8 : width;
  const box = el("div", { class: beside ? "panels" : "" });
  stage.append(box);
  const target = d3.max(runs.filter(nearTarget), (r) => r.target);
  const errors = runs.flatMap((r) => r.curve.map((c) => c[2])).filter((v) => v > 0);
  const low = Math.min(d3.min(errors) || 1e-12, target || Infinity) / 2;
  const high = (d3.max(errors) || 1) * 2;
  for (const [key, name, end] of panels) {
    const part = el("div");
    box.append(part);
    drawErrorPanel(part, own, runs, { key, name, end, low, high, target });
  }
}

function drawErrorPanel(stage, width, runs, { key, name, end, low, high, target }) {
  const f = frame(stage, width, 340, { ...kMargin, right: 26 }, `Error over ${name}`);
  const times = runs.flatMap((r) => r.curve.map((c) => c[key]).concat(end(r) || 0)).filter((v) => v > 0);
  const first = Math.max(d3.min(times) || 1, (d3.max(times) || 1) / 1e3);
  const x = d3.scaleLog().domain([first, Math.max(first * 1.1, d3.max(times) || 1)]).range([0, f.width]).clamp(true);
  const y = d3.scaleLog().domain([low, high]).range([f.height, 0]).clamp(true);
  axes(f, x, y, name, "mean squared error", {
    xTicks: costTicks(x, f.width),
    yTicks: logTicks(y, Math.floor(f.height / 40)),
  });
  if (target) {
    const line = f.plot.append("line").attr("class", "target").attr("stroke", color("bad"));
    line.attr("stroke-dasharray", "5 4").attr("x2", f.width).attr("y1", y(target)).attr("y2", y(target));
  }
  const points = [];
  for (const run of runs) {
    const stroke = color(groupColor(run.group));
    const last = Math.max(end(run) || 0, run.curve[run.curve.length - 1][key]);
    const parts = curveParts(run.curve);
    let path = "";
    parts.forEach((part, i) => {
      const next = parts[i + 1];
      const corners = part.map((c) => [x(Math.max(first, c[key])), y(Math.max(low, c[2]))]);
      corners.push([x(Math.max(first, next ? next[0][key] : last)), corners[corners.length - 1][1]]);
      path += d3.line().curve(d3.curveStepAfter)(corners);
      if (!next) return;
      const dotted = f.plot.append("line").attr("class", "growth").attr("stroke", stroke).attr("stroke-dasharray", "1 3");
      dotted.attr("x1", x(Math.max(first, next[0][key]))).attr("x2", x(Math.max(first, next[0][key])));
      dotted.attr("y1", y(Math.max(low, part[part.length - 1][2]))).attr("y2", y(Math.max(low, next[0][2])));
    });
    const line = f.plot.append("path").attr("class", "run").attr("data-run", run.name).attr("fill", "none");
    line.attr("stroke", stroke).attr("stroke-width", runs.length > 30 ? 0.8 : 1.4).attr("d", path);
    line.attr("stroke-opacity", runs.length > 12 ? 0.6 : 0.9);
    const best = run.curve[run.curve.length - 1][2];
    if (run.first) {
      const ring = f.plot.append("circle").attr("class", "first").attr("r", 8).attr("fill", "none");
      ring.attr("stroke", color("gold")).attr("stroke-width", 2.5);
      ring.attr("cx", x(Math.max(first, last))).attr("cy", y(Math.max(low, best)));
    }
    points.push({
      x: Math.max(first, last),
      y: Math.max(low, best),
      color: groupColor(run.group),
      hollow: !run.solved,
      lines: () => [
        ...runLines(run),
        `lowest error ${num(best)} on ${plural(run.curve[run.curve.length - 1][3], "row")}`,
        `${plural(run.evaluations, "evaluation")}` + (run.search > 0 ? `, ${seconds(run.search)} of search` : ""),
      ],
    });
  }
  dots(f, x, y, points, 4);
}
