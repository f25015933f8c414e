// What the weights alone say of the order: how alike blocks are, and the line that they make.

function depthSection() {
  const node = section(
    "depth",
    "Depth in the weights",
    "Blocks at neighbouring depths look alike in the basis of the residual stream. Put in a line on which alike ones " +
      "stand near each other, they show their depth without one prediction.",
  );
  if (data.blocks.length < 3) {
    missing(node, "no-line", "Not shown: a line of fewer than three blocks.");
    return;
  }
  if (!data.line) {
    missing(node, "missing-line", "Not shown: this solution has no line. The problem tells it:", problemCommand());
    return;
  }
  node.append(el("p", { id: "line-summary" }, lineSummary(data.line)));
  if (data.line.similarity) {
    const both = row(node);
    similarityFigure(both, "similarity-line", "line", data.line.similarity.by_line, (p) => data.line.answer[p]);
    similarityFigure(both, "similarity-answer", "answer", data.line.similarity.by_answer, (p) => p);
  } else {
    missing(node, "missing-similarity", "Not shown: how alike the blocks are. It needs the problem:", problemCommand());
  }
  const both = row(node);
  lineFigure(both, data.line);
  if (data.line.features.length) featuresFigure(both, data.line.features);
}

function lineSummary(line) {
  const agreement =
    `The line by the expand pieces' features and the one by the compress pieces' agree to ${num(line.agreement)}, ` +
    `${num(Number(line.significance.toPrecision(3)))} standard errors of lines that have nothing in common; `;
  const trust = line.trusted
    ? `a place may be off by about ${num(Number(line.places.toPrecision(2)))}. `
    : `${num(line.needed)} are needed, so the weights do not say the order. `;
  const answer =
    data.run.status === "by-weights"
      ? "The answer is this line in one of its two directions; which one is open."
      : `Against the answer: rank correlation ${num(line.rank_correlation)}, ${plural(line.inversions, "inversion")}.`;
  return agreement + trust + answer;
}

function similarityFigure(parent, id, order, grid, answerPlace) {
  const length = data.blocks.length;
  const limit = d3.max(grid.values.map((v) => Math.abs(v || 0))) || 1;
  const name = order === "line" ? "place in the line" : "position in the answer";
  figure(parent, {
    id,
    title: `How alike blocks are, in the order of the ${order}`,
    note:
      "Weights' features, weighed by how smoothly they change along the line, in standard deviations. A bright band " +
      "along the diagonal: neighbours are alike." +
      thinned(grid.cell, "pairs and shows the largest size"),
    draw: (stage, width) =>
      heat(stage, width, {
        grid,
        scale: diverging(limit, 0.6),
        xName: name,
        yName: name,
        xLength: length,
        yLength: length,
        meaning: "less alike than most (negative), or more",
        label: `Similarities of blocks in the order of the ${order}`,
        lines: (r, c, value) =>
          value === null
            ? null
            : grid.cell === 1
              ? [blockName(answerPlace(r)), blockName(answerPlace(c)), `similarity ${num(value)}`]
              : [
                  `places ${cellRange(r, grid.cell, length)} with ${cellRange(c, grid.cell, length)}`,
                  `similarity ${num(value)}`,
                ],
      }),
  });
}

function lineFigure(parent, line) {
  const length = data.blocks.length;
  figure(parent, {
    id: "line-places",
    title: "Place in the line against the place in the answer",
    legend: [
      ["a block", "s1"],
      ["how far it may be off", "muted", "line"],
      ["equal", "ink", "line"],
    ],
    note: "The thin lines are what each place may be off, by where the two kinds of pieces disagree near it.",
    draw: (stage, width) => {
      const f = frame(stage, width, besideMatrix(width), kMargin, "Places in the line and in the answer");
      const x = d3
        .scaleLinear()
        .domain([-0.5, length - 0.5])
        .range([0, f.width]);
      const y = d3
        .scaleLinear()
        .domain([-0.5, length - 0.5])
        .range([f.height, 0]);
      axes(f, x, y, "position in the answer", "place in the line", { xText: wholeText, yText: wholeText });
      const ends = f.plot.append("line").attr("stroke", color("ink"));
      ends.attr("x1", x(0)).attr("y1", y(0)).attr("x2", x(length - 1)).attr("y2", y(length - 1));
      const clamp = (p) => Math.max(-0.5, Math.min(length - 0.5, p));
      f.plot
        .append("g")
        .selectAll("line")
        .data(line.answer)
        .enter()
        .append("line")
        .attr("stroke", color("muted"))
        .attr("x1", (t) => x(t))
        .attr("x2", (t) => x(t))
        .attr("y1", (t, p) => y(clamp(p - line.off[p])))
        .attr("y2", (t, p) => y(clamp(p + line.off[p])));
      const points = line.answer.map((t, p) => ({
        x: t,
        y: p,
        color: "s1",
        lines: () => [blockName(t), `place ${p} in the line, ± ${num(Number(line.off[p].toPrecision(2)))}`],
      }));
      dots(f, x, y, points, length > 200 ? 2 : 3.5);
    },
  });
}

function featuresFigure(parent, features) {
  const sides = { reader: "expand piece", writer: "compress piece", both: "both pieces" };
  const colors = { reader: "s1", writer: "s2", both: "s3" };
  const rowHeight = 26;
  figure(parent, {
    id: "feature-smoothness",
    title: "How smoothly each feature changes along the line",
    legend: Object.keys(sides).map((side) => [sides[side], colors[side]]),
    note:
      "Correlation of similarity and nearness over the pairs of blocks; negative ones count as 0. Features are weighed " +
      "by it.",
    draw: (stage, width) => {
      const names = Math.min(170, width * 0.42);
      const margin = { top: 10, right: 50, bottom: 42, left: names };
      const height = features.length * rowHeight + margin.top + margin.bottom;
      const f = frame(stage, width, height, margin, "Smoothness of the features");
      const x = d3.scaleLinear().domain([0, 1]).range([0, f.width]);
      bottomAxis(f, x, x.ticks(Math.max(2, Math.floor(f.width / 60))), tickText, "smoothness");
      const lines = f.plot
        .selectAll("g.feature")
        .data(features)
        .enter()
        .append("g")
        .attr("class", "feature")
        .attr("transform", (feature, i) => `translate(0,${i * rowHeight})`);
      lines
        .append("rect")
        .attr("y", 4)
        .attr("height", rowHeight - 8)
        .attr("width", (feature) => Math.max(1, x(feature.smoothness)))
        .attr("fill", (feature) => color(colors[feature.side] || "muted"))
        .attr("data-name", (feature) => feature.name)
        .attr("data-smoothness", (feature) => feature.smoothness);
      lines
        .append("text")
        .attr("x", -8)
        .attr("y", rowHeight / 2 + 4)
        .attr("text-anchor", "end")
        .text((feature) => feature.name)
        .each(function () {
          fitText(this, names - 12);
        });
      lines
        .append("text")
        .attr("x", (feature) => Math.max(1, x(feature.smoothness)) + 6)
        .attr("y", rowHeight / 2 + 4)
        .text((feature) => num(Number(feature.smoothness.toPrecision(2))));
    },
  });
}
