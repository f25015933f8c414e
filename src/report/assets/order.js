// In which order the blocks stand: starts, the search, neighbours, the orders that were kept.

function orderSection() {
  const node = section(
    "order",
    "Order",
    data.blocks.length < 2
      ? "One block has no order to find."
      : "Where the search began, how it went, and how sure each place is. Positions count from 0, the first block.",
  );
  if (data.run.status === "by-weights") {
    missing(
      node,
      "no-search",
      "Not shown: starts, search and margins. No predictions were used; the weights alone gave the order, and the " +
        "next section shows how.",
    );
    return;
  }
  if (data.starts.length) startFigures(node);
  else missing(node, "missing-starts", "The solution has no starts.");
  if (data.trajectory.length) searchFigure(node);
  else missing(node, "missing-trajectory", "The solution has no trajectory.");
  if (data.blocks.length < 2) return; // which has no neighbours, and one order
  if (data.margins) marginsFigure(node);
  else
    missing(
      node,
      "missing-margins",
      "Not shown: how sure each pair of neighbours is. This solution has no margins; solving again writes them:",
      solveCommand(),
    );
  if (data.elites && data.elites.mse.length > 1) elitesFigure(node);
  else
    missing(
      node,
      "missing-elites",
      "Not shown: where the best orders disagree. This solution keeps no others; several islands find some:",
      `mpirun -np 2 kintsugi solve ${problemPath()} --islands 4 -o solution.h5`,
    );
}

function startFigures(node) {
  let current = data.starts[0];
  const several = data.starts.length > 1;
  const both = several ? row(node) : node;
  const select = choice(
    "Start",
    data.starts.map((s, i) => [i, s.name]),
    (i) => {
      current = data.starts[i];
      redrawStart();
    },
  );
  const redrawStart = figure(both, {
    id: "start-positions",
    title: several ? "Where a start had the blocks" : `Where the start ${current.name} had the blocks`,
    controls: several ? [select] : [],
    legend: [
      ["in its final place", "s3"],
      ["elsewhere", "s1"],
      ["final place", "ink", "line"],
    ],
    note: "One bar for each block of the answer. In a perfect start the bars follow the line.",
    draw: (stage, width) => drawStart(stage, width, current),
  });
  if (several) startErrors(both);
  table(
    node,
    "starts-table",
    "Starts against the answer",
    ["start", "MSE", "inversions", "in place"],
    data.starts.map((s) => [s.name, num(s.mse), num(s.inversions), num(s.positions.filter((p, t) => p === t).length)]),
  );
}

function startErrors(node) {
  figure(node, {
    id: "start-errors",
    title: "Error of each start",
    legend: [["mean squared error on the seeding sample", "s1"]],
    note:
      "On a logarithmic scale. The table below adds inversions: pairs of blocks that stand in the other order in the " +
      "answer.",
    draw: drawStartErrors,
  });
}

/// One bar for each block: where `start` had it.
function drawStart(stage, width, start) {
  const length = data.blocks.length;
  const f = frame(stage, width, 320, kMargin, `Positions in the start ${start.name}`);
  const x = d3
    .scaleLinear()
    .domain([-0.5, length - 0.5])
    .range([0, f.width]);
  const y = d3.scaleLinear().domain([0, length]).range([f.height, 0]);
  axes(f, x, y, "final position", "position in the start", { xText: wholeText, yText: wholeText });
  const wide = f.width / length;
  f.plot
    .append("g")
    .selectAll("rect")
    .data(start.positions)
    .enter()
    .append("rect")
    .attr("class", "start")
    .attr("data-position", (p) => p)
    .attr("x", (p, t) => x(t) - wide * 0.4)
    .attr("width", Math.max(0.8, wide * 0.8))
    .attr("y", (p) => y(p + 0.5))
    .attr("height", (p) => f.height - y(p + 0.5))
    .attr("fill", (p, t) => color(p === t ? "s3" : "s1"))
    .attr("fill-opacity", 0.8);
  f.plot
    .append("line")
    .attr("x1", x(0))
    .attr("y1", y(0.5))
    .attr("x2", x(length - 1))
    .attr("y2", y(length - 0.5))
    .attr("stroke", color("ink"));
  hoverPlot(f, (px) => {
    const t = Math.round(x.invert(px));
    if (t < 0 || t >= length) return null;
    const moved = start.positions[t] - t;
    return [
      blockName(t),
      `position ${start.positions[t]} in ${start.name}`,
      moved === 0 ? "in its final place" : `${plural(Math.abs(moved), "place")} too ${moved > 0 ? "late" : "early"}`,
    ];
  });
}

function drawStartErrors(stage, width) {
  const least = d3.min(data.starts.map((s) => s.mse).filter((v) => v > 0)) || 1e-12;
  const rowHeight = 26;
  const names = Math.min(190, width * 0.42);
  const f = frame(
    stage,
    width,
    data.starts.length * rowHeight + 66,
    { top: 10, right: 50, bottom: 56, left: names },
    "Errors of the starts",
  );
  const most = d3.max(data.starts, (s) => s.mse) || 1;
  const x = d3
    .scaleLog()
    .domain([least / 3, Math.max(most, least) * 1.2])
    .range([0, f.width]);
  bottomAxis(f, x, logTicks(x, Math.floor(f.width / 60)), tickText, "mean squared error");
  const lines = f.plot
    .selectAll("g.start")
    .data(data.starts)
    .enter()
    .append("g")
    .attr("class", "start")
    .attr("transform", (s, i) => `translate(0,${i * rowHeight})`);
  lines
    .append("rect")
    .attr("height", rowHeight - 8)
    .attr("y", 4)
    .attr("width", (s) => (s.mse > 0 ? Math.max(1, x(s.mse)) : 1))
    .attr("fill", color("s1"))
    .attr("data-mse", (s) => s.mse)
    .attr("data-name", (s) => s.name);
  lines
    .append("text")
    .attr("x", -8)
    .attr("y", rowHeight / 2 + 4)
    .attr("text-anchor", "end")
    .text((s) => s.name)
    .each(function () {
      fitText(this, names - 12);
    });
  lines
    .append("text")
    .attr("x", (s) => (s.mse > 0 ? Math.max(1, x(s.mse)) : 1) + 6)
    .attr("y", rowHeight / 2 + 4)
    .text((s) => (s.mse === null ? "none" : tickText(Number(s.mse.toPrecision(2)))));
  hoverPlot(f, (px, py) => {
    const start = data.starts[Math.floor(py / rowHeight)];
    return start && px >= 0
      ? [start.name, `MSE ${num(start.mse)}`, `${plural(start.inversions, "inversion")} against the answer`]
      : null;
  });
}

function marginsFigure(node) {
  const margins = data.margins;
  const interchangeable = margins.filter((m) => m.interchangeable).length;
  figure(node, {
    id: "margins",
    title: "How sure each pair of neighbours is",
    legend: [
      ["swapping them raises the error", "s1"],
      ["swapping them lowers it", "bad"],
      ["interchangeable", "s4"],
    ],
    note:
      "Rise of the mean squared error when the blocks at positions t and t + 1 change places, on a logarithmic " +
      "scale; the thin lines are one standard error. Interchangeable: with the two swapped, the error is still at " +
      "most the target. " +
      `Such pairs: ${num(interchangeable)} of ${num(margins.length)}.`,
    draw: (stage, width) => drawMargins(stage, width, margins),
  });
}

function drawMargins(stage, width, margins) {
  const size = (m) => Math.abs(m.change);
  const f = frame(stage, width, 320, kMargin, "Rise of the error for each swap of neighbours");
  const positive = margins.map(size).filter((v) => v > 0);
  const low = (d3.min(positive) || 1e-12) / 3,
    high = (d3.max(positive) || 1) * 2;
  const x = d3
    .scaleLinear()
    .domain([-0.5, Math.max(1, data.blocks.length - 1) - 0.5])
    .range([0, f.width]);
  const y = d3.scaleLog().domain([low, high]).range([f.height, 0]).clamp(true);
  axes(f, x, y, "position t of the pair t, t + 1", "rise of the MSE", {
    yTicks: logTicks(y, Math.floor(f.height / 40)),
    xText: wholeText,
  });
  const wide = Math.max(0.8, (x(1) - x(0)) * 0.8);
  const top = (m) => Math.min(f.height - 3, y(Math.max(low, size(m)))); // so that a rise of 0 is still seen
  const bars = f.plot.append("g").selectAll("g").data(margins).enter().append("g");
  bars
    .append("rect")
    .attr("class", "margin")
    .attr("data-position", (m) => m.position)
    .attr("data-change", (m) => m.change)
    .attr("x", (m) => x(m.position) - wide / 2)
    .attr("width", wide)
    .attr("y", top)
    .attr("height", (m) => f.height - top(m))
    .attr("fill", (m) => color(m.interchangeable ? "s4" : m.change < 0 ? "bad" : "s1"));
  bars
    .append("line")
    .attr("x1", (m) => x(m.position))
    .attr("x2", (m) => x(m.position))
    .attr("y1", (m) => y(Math.max(low, size(m) - m.standard_error)))
    .attr("y2", (m) => y(Math.max(low, size(m) + m.standard_error)))
    .attr("stroke", color("ink"))
    .attr("stroke-opacity", 0.6);
  hoverPlot(f, (px) => {
    const t = Math.round(x.invert(px));
    const m = margins.find((other) => other.position === t);
    if (!m || px < -1e6) return null;
    return [
      `positions ${t} and ${t + 1}`,
      blockName(t),
      blockName(t + 1),
      `rise ${num(m.change)} ± ${num(m.standard_error)}`,
      `z ${num(m.z)}${m.interchangeable ? ": interchangeable" : ""}`,
    ];
  });
}

function elitesFigure(node) {
  const { mse, island, differing, displacement } = data.elites;
  const length = data.blocks.length;
  const agreed = differing.filter((n) => n === 0).length;
  const shown = displacement.map((v) => (v === null ? null : v));
  const cell = Math.max(1, Math.ceil(length / 400));
  const columns = Math.ceil(length / cell);
  const values = [];
  for (let e = 0; e < mse.length; ++e) {
    for (let c = 0; c < columns; ++c) {
      const part = shown
        .slice(e * length + c * cell, e * length + Math.min(length, (c + 1) * cell))
        .filter((v) => v !== null);
      values.push(part.length ? part.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best)) : null);
    }
  }
  const grid = { rows: mse.length, columns, cell, values };
  figure(node, {
    id: "elites",
    title: "Where the best orders disagree",
    note:
      `${plural(mse.length, "order")} that the search kept, the best on top, against the answer. ` +
      `All agree at ${num(agreed)} of ${plural(length, "position")}. ` +
      (values.includes(null) ? "Empty cells: the order pairs these pieces with others." : "") +
      (cell > 1 ? ` Each cell is the largest displacement of ${cell} positions.` : ""),
    draw: (stage, width) =>
      heat(stage, width, {
        grid,
        scale: diverging(Math.max(1, d3.max(values.map((v) => Math.abs(v || 0)))), 0.5),
        xName: "position in the answer",
        yName: "order",
        xLength: length,
        yLength: mse.length,
        meaning: "places earlier (negative) or later",
        label: "Displacement of blocks in the elites",
        tallest: 420,
        lines: (e, c, value) => [
          `order ${e}, island ${island[e]}`,
          `MSE ${num(mse[e])}`,
          cell === 1 ? blockName(c) : `positions ${cellRange(c, cell, length)}`,
          value === null
            ? "pairs these pieces with others"
            : value === 0
              ? "agrees"
              : `${plural(Math.abs(value), "place")} ${value > 0 ? "later" : "earlier"}`,
        ],
      }),
  });
}
