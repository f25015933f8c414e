// Which pieces belong together: scores and products.

function pairingSection() {
  const node = section(
    "pairing",
    "Pairing",
    "A block is an expand piece and a compress piece. Every possible pair has a score; those of true pairs should " +
      "stand apart.",
  );
  const analysed = data.analysis ? data.analysis.scores : [];
  const own = data.problem ? [data.problem.scores].filter((s) => s.chosen.length) : [];
  const tables = own.concat(analysed.filter((s) => !own.some((o) => o.name === s.name)));
  if (!tables.length) {
    runnerUps(node);
    missing(
      node,
      "missing-scores",
      "Not shown: all pairs' scores, their picture and the products. They need the problem:",
      problemCommand(),
    );
    return;
  }
  scoreFigures(node, tables, own.length > 0);
  if (own.length && !data.problem.scores_agree) {
    node.append(
      el(
        "p",
        { class: "missing" },
        "The pairs' scores in the solution are not those of this table: pairs were exchanged " +
          "during the search, or they were scored with other roles or by another build.",
      ),
    );
  }
  if (data.problem && data.problem.products.length) productsFigure(node);
  else
    missing(
      node,
      "missing-products",
      "Not shown: products of chosen and of wrong pairs. They need the problem:",
      problemCommand(),
    );
}

/// Histogram and matrix of one of the tables, by choice; `firstChose`: the first is the score that chose the pairs.
function scoreFigures(node, tables, firstChose) {
  let current = tables[0];
  const both = row(node);
  const redraws = [];
  const select =
    tables.length > 1
      ? [
          choice(
            "Score",
            tables.map((s, i) => [i, s.name + (i === 0 && firstChose ? " (which chose)" : "")]),
            (i) => {
              current = tables[i];
              redraws.forEach((draw) => draw());
            },
          ),
        ]
      : [];
  redraws.push(
    figure(both, {
      id: "pair-scores",
      title: "Scores of the chosen pairs and of all others",
      controls: select,
      legend: [
        ["chosen pairs", "accent"],
        ["all other pairs", "muted"],
      ],
      note: "Bars count pairs on a logarithmic scale. The dots under them are the chosen pairs one by one.",
      draw: (stage, width) => drawHistogram(stage, width, current),
    }),
  );
  redraws.push(
    figure(both, {
      id: "score-matrix",
      title: "Score of every expand piece with every compress piece",
      note:
        "Rows and columns stand in the order of the answer, so that the chosen pairs are the diagonal." +
        thinned(tables[0].grid.cell, "pairs and shows the highest score"),
      draw: (stage, width) => drawScores(stage, width, current),
    }),
  );
}

/// What the solution alone can tell: each pair beside its runner-up.
function runnerUps(node) {
  figure(node, {
    id: "pair-scores",
    title: "Score of each chosen pair and of its best rival",
    legend: [
      ["chosen pair", "accent"],
      ["best rival of the same expand piece", "muted"],
    ],
    draw: (stage, width) => {
      const f = frame(stage, width, 280, kMargin, "Scores of the chosen pairs and their rivals by position");
      const values = data.blocks
        .flatMap((b) => (b.runner_up < 0 ? [b.score] : [b.score, b.runner_up_score]))
        .filter((v) => v !== null);
      const x = d3
        .scaleLinear()
        .domain([-0.5, data.blocks.length - 0.5])
        .range([0, f.width]);
      const y = d3
        .scaleLinear()
        .domain(d3.extent(values.concat(0)))
        .nice()
        .range([f.height, 0]);
      axes(f, x, y, "position of the block", "score", { xText: wholeText });
      const points = [];
      data.blocks.forEach((b, t) => {
        const lines = () => [
          blockName(t),
          `score ${num(b.score)}`,
          b.runner_up < 0 ? "no rival" : `best rival: piece ${b.runner_up}, ${num(b.runner_up_score)}`,
        ];
        if (b.runner_up >= 0 && b.runner_up_score !== null)
          points.push({ x: t, y: b.runner_up_score, color: "muted", lines });
        if (b.score !== null) points.push({ x: t, y: b.score, color: "accent", lines });
      });
      dots(f, x, y, points, data.blocks.length > 200 ? 2 : 3.5);
    },
  });
}

function drawHistogram(stage, width, scores) {
  const bins = scores.histogram;
  const strip = 26;
  const f = frame(stage, width, besideMatrix(width), { ...kMargin, bottom: kMargin.bottom + strip }, `Histogram of ${scores.name}`);
  const count = bins.chosen.length;
  const x = d3.scaleLinear().domain([bins.low, bins.high]).range([0, f.width]);
  const most = Math.max(1, d3.max(bins.others), d3.max(bins.chosen));
  const y = d3
    .scaleLog()
    .domain([0.5, most * 1.3])
    .range([f.height, 0]);
  const shown = f.plot.append("g");
  axes(f, x, y, "", "pairs", {
    yTicks: logTicks(d3.scaleLog().domain([1, most * 1.3]), 5),
    xTicks: x.ticks(Math.max(2, f.width / 70)),
  });
  f.plot
    .select(".label")
    .attr("y", f.height + 36 + strip)
    .text(scores.name);
  const span = f.width / count;
  for (const [kind, shift, name] of [
    ["others", 0.5, "muted"],
    ["chosen", 0.5 + span / 2, "accent"],
  ]) {
    const values = bins[kind].map((n, i) => [n, i]).filter(([n]) => n > 0);
    // A bin that both have is shared; else the bar has it alone.
    const shared = (i) => bins.chosen[i] > 0 && bins.others[i] > 0;
    shown
      .selectAll("rect." + kind)
      .data(values)
      .enter()
      .append("rect")
      .attr("class", kind)
      .attr("data-count", ([n]) => n)
      .attr("fill", color(name))
      .attr("x", ([, i]) => i * span + (shared(i) ? shift : 0.5))
      .attr("y", ([n]) => y(n))
      .attr("width", ([, i]) => Math.max(1, (shared(i) ? span / 2 : span) - 1))
      .attr("height", ([n]) => f.height - y(n));
  }
  shown.raise();
  const dotsAt = scores.chosen.map((value, t) => [x(value), t]).filter(([at]) => Number.isFinite(at));
  f.plot
    .append("g")
    .selectAll("circle")
    .data(dotsAt)
    .enter()
    .append("circle")
    .attr("class", "pair")
    .attr("cx", ([at]) => at)
    .attr("cy", f.height + 32)
    .attr("r", 4)
    .attr("fill", color("accent"))
    .attr("fill-opacity", 0.5);
  hoverHistogram(f, scores, dotsAt);
}

/// Bins above, single pairs (`dotsAt`: place and position) in the strip below.
function hoverHistogram(f, scores, dotsAt) {
  const bins = scores.histogram;
  const count = bins.chosen.length;
  const catcher = f.plot
    .append("rect")
    .attr("class", "catcher")
    .attr("width", f.width)
    .attr("height", f.height + 44)
    .attr("fill", "none")
    .attr("pointer-events", "all");
  onHover(catcher.node(), (px, py, box) => {
    const at = (px * f.width) / box.width,
      below = (py * (f.height + 44)) / box.height > f.height + 14;
    if (at < 0 || at > f.width) return null;
    if (below) {
      const near = dotsAt.reduce(
        (best, d) => (Math.abs(d[0] - at) < Math.abs(best[0] - at) ? d : best),
        [Infinity, -1],
      );
      if (near[1] < 0 || Math.abs(near[0] - at) > 12) return null;
      return [blockName(near[1]), `${scores.name} ${num(scores.chosen[near[1]])}`];
    }
    const i = Math.min(count - 1, Math.floor((at / f.width) * count));
    const step = (bins.high - bins.low) / count;
    return [
      `${num(bins.low + i * step)} to ${num(bins.low + (i + 1) * step)}`,
      `${plural(bins.chosen[i], "chosen pair")}`,
      `${plural(bins.others[i], "other pair")}`,
    ];
  });
}

function drawScores(stage, width, scores) {
  const values = scores.grid.values.filter((v) => v !== null);
  const length = data.blocks.length;
  heat(stage, width, {
    grid: scores.grid,
    scale: sequential(d3.min(values), d3.max(values)),
    xName: "compress piece of the block at position",
    yName: "expand piece of the block at position",
    xLength: length,
    yLength: length,
    meaning: scores.name,
    label: `Matrix of ${scores.name}`,
    lines: (r, c, value) => {
      if (scores.grid.cell > 1)
        return [
          `positions ${cellRange(r, scores.grid.cell, length)} with ${cellRange(c, scores.grid.cell, length)}`,
          `highest ${scores.name} ${num(value)}`,
        ];
      const title = r === c ? "chosen pair" : "not chosen";
      return [
        `${data.blocks[r].expand} with ${data.blocks[c].compress}: ${title}`,
        `${scores.name} ${num(value)}`,
        `positions ${r} and ${c}`,
      ];
    },
  });
}

function productsFigure(node) {
  const products = data.problem.products;
  figure(node, {
    id: "products",
    title: "Products W_out W_in of chosen pairs, each followed by the best wrong pair of its expand piece",
    note:
      `[${data.problem.width} x ${data.problem.width}] entries, all on one scale.` +
      (products[0].grid.cell > 1
        ? ` Each dot is the largest of ${products[0].grid.cell} by ${products[0].grid.cell} entries.`
        : "") +
      " The first pair is the one whose score stands out least.",
    draw: (stage) => {
      const limit = d3.max(products, (p) => d3.max(p.grid.values, Math.abs));
      const scale = diverging(limit, 0.6);
      const box = el("div", { class: "products" });
      for (const product of products) {
        const canvas = raster(product.grid, scale);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", `Product of pieces ${product.compress} and ${product.expand}`);
        onHover(canvas, (x, y, place) => {
          const c = Math.floor((x / place.width) * product.grid.columns),
            r = Math.floor((y / place.height) * product.grid.rows);
          if (r < 0 || c < 0 || r >= product.grid.rows || c >= product.grid.columns) return null;
          const cell = product.grid.cell;
          return [
            `pieces ${product.expand}, ${product.compress}`,
            `row ${cellRange(r, cell, data.problem.width)}, column ${cellRange(c, cell, data.problem.width)}: ` +
              num(product.grid.values[r * product.grid.columns + c]),
          ];
        });
        if (product.chosen) box.append(el("div", { class: "pair" }));
        box.lastChild.append(
          el(
            "div",
            {},
            canvas,
            el(
              "div",
              { class: "caption" },
              el("b", {}, product.chosen ? `Block ${product.position}` : "Wrong pair"),
              ` ${product.expand}, ${product.compress}`,
              el("br"),
              `${data.problem.scores.name} ${num(product.score)}`,
            ),
          ),
        );
      }
      stage.append(box);
      scaleBar(stage, scale, "entry of the product");
    },
  });
}
