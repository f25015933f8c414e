// The error over the search.

const kEvents = {
  S: "seed",
  B: "bubble repair",
  I: "insertion",
  R: "relocation",
  T: "tabu",
  P: "pair exchange",
  K: "kick",
  C: "crossover",
  N: "new random start",
  M: "migrant",
  G: "larger sample",
};

function searchFigure(node) {
  const axis = { key: 1, name: "exact evaluations" };
  const islands = data.trajectory.slice().sort((a, b) => a.rows[a.rows.length - 1][4] - b.rows[b.rows.length - 1][4]);
  const colored = islands
    .slice(0, 8)
    .map((i) => i.island)
    .sort((a, b) => a - b);
  const colorOf = (island) => (colored.includes(island) ? "s" + (1 + colored.indexOf(island)) : "muted");
  const options = [
    [1, "exact evaluations"],
    [0, "steps"],
    [2, "seconds"],
  ].filter(([key]) => islands.some((i) => i.rows.some((r) => r[key] > 0)));
  const select = choice("Over", options, (key) => {
    axis.key = Number(key);
    axis.name = { 0: "step of the search", 1: "exact evaluations", 2: "seconds of search" }[key];
    draw();
  });
  if (options.length) axis.key = options[0][0];
  const total = d3.sum(islands, (i) => i.all),
    shown = d3.sum(islands, (i) => i.rows.length);
  const legend = colored.map((island) => [`island ${island}`, colorOf(island)]);
  if (islands.length > 8) legend.push(["other islands", "muted"]);
  const zero = islands.some((i) => i.rows.some((r) => r[3] === 0 || r[4] === 0));
  const draw = figure(node, {
    id: "search",
    title: "Error over the search",
    controls: options.length > 1 ? [select] : [],
    legend: legend.concat([["target", "bad", "line"]]),
    note:
      "Each dot is a line of the log: the mean squared error of the order on the sample of that moment; lines are the lowest so far. Samples grow, so that errors " +
      "of different stretches are not those of one sample." +
      (zero ? " An error of 0 is drawn at the lower edge." : "") +
      (shown < total
        ? ` ${num(total)} lines are thinned to ${num(shown)}; lowest and highest of each stretch are kept.`
        : ""),
    draw: (stage, width) => {
      const f = frame(stage, width, 340, kMargin, "Mean squared error over the search");
      const rows = islands.flatMap((i) => i.rows);
      const positive = rows
        .flatMap((r) => [r[3], r[4]])
        .concat(data.run.target)
        .filter((v) => v > 0);
      const low = d3.min(positive) / 3,
        high = d3.max(positive) * 2;
      const x = d3
        .scaleLinear()
        .domain([0, d3.max(rows, (r) => r[axis.key]) || 1])
        .range([0, f.width]);
      const y = d3.scaleLog().domain([low, high]).range([f.height, 0]);
      const at = (value) => y(Math.max(low, value));
      axes(f, x, y, axis.name, "mean squared error", { yTicks: logTicks(y, Math.floor(f.height / 40)) });
      if (data.run.target > 0) {
        f.plot
          .append("line")
          .attr("x2", f.width)
          .attr("y1", y(data.run.target))
          .attr("y2", y(data.run.target))
          .attr("stroke", color("bad"))
          .attr("stroke-dasharray", "5 4");
      }
      const points = [];
      for (const { island, rows: own } of islands) {
        f.plot
          .append("path")
          .attr("class", "best")
          .attr("data-island", island)
          .attr("fill", "none")
          .attr("stroke", color(colorOf(island)))
          .attr("stroke-width", 1.5)
          .attr(
            "d",
            d3
              .line()
              .x((r) => x(r[axis.key]))
              .y((r) => at(r[4]))
              .curve(d3.curveStepAfter)(own),
          );
        for (const r of own) {
          points.push({
            x: r[axis.key],
            y: Math.max(low, r[3]),
            color: colorOf(island),
            lines: () => [
              `${kEvents[r[5]] || r[5]}, island ${island}`,
              `MSE ${num(r[3])} on ${plural(r[6], "row")}`,
              `best ${num(r[4])}`,
              `step ${num(r[0])}, ${plural(r[7], "move")}`,
              `${plural(r[1], "evaluation")}` + (r[2] > 0 ? `, ${seconds(r[2])}` : ""),
            ],
          });
        }
      }
      dots(f, x, y, points, points.length > 400 ? 2 : 3.5);
    },
  });
}
