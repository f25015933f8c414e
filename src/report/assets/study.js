// Predictions against the reconstruction, and what `kintsugi analyze` found.

function fitSection() {
  const node = section("fit", "Predictions", "The network put together, evaluated in float64 on the problem's rows.");
  if (!data.problem) {
    missing(
      node,
      "missing-fit",
      "Not shown: predictions against the reconstruction. They need the problem:",
      problemCommand(),
    );
    return;
  }
  if (data.problem.rows === 0) {
    missing(node, "no-predictions", "Not shown: predictions against the reconstruction. The problem has none.");
    return;
  }
  fitFigures(node, data.problem.fit);
}

/// What a point of the cloud is: row, output, prediction, residual.
function pointLines(p) {
  return [
    `row ${num(p[0])}` + (data.problem.fit.outputs > 1 ? `, output ${p[1]}` : ""),
    `prediction ${num(p[2])}`,
    `reconstruction ${num(p[2] + p[3])}`,
    `residual ${num(p[3])}`,
  ];
}

const outputColor = (output) => (output < 8 ? "s" + (output + 1) : "muted");

const fitPoints = () => data.problem.fit.points.filter((p) => p[3] !== null);

/// A cloud of the fit's points, each at its prediction and `height(point)`.
function fitDots(f, x, y, height) {
  const points = fitPoints().map((p) => ({
    x: p[2],
    y: height(p),
    color: outputColor(p[1]),
    lines: () => pointLines(p),
  }));
  dots(f, x, y, points, 2.5, 0.5);
}

function drawIdentity(stage, width) {
  const f = frame(stage, width, 360, kMargin, "Reconstruction against prediction");
  const values = fitPoints().flatMap((p) => [p[2], p[2] + p[3]]);
  const x = d3.scaleLinear().domain(d3.extent(values)).nice().range([0, f.width]);
  const y = x.copy().range([f.height, 0]);
  axes(f, x, y, "prediction", "reconstruction");
  const [low, high] = x.domain();
  const line = f.plot.append("line").attr("stroke", color("ink"));
  line.attr("x1", x(low)).attr("y1", y(low)).attr("x2", x(high)).attr("y2", y(high));
  fitDots(f, x, y, (p) => p[2] + p[3]);
}

function drawResiduals(stage, width) {
  const f = frame(stage, width, 360, kMargin, "Residuals against prediction");
  const points = fitPoints();
  const most = d3.max(points, (p) => Math.abs(p[3])) || 1e-12;
  const range = d3.extent(points, (p) => p[2]);
  const x = d3.scaleLinear().domain(range).nice().range([0, f.width]);
  const y = d3.scaleLinear().domain([-most, most]).nice().range([f.height, 0]);
  axes(f, x, y, "prediction", "residual");
  f.plot.append("line").attr("x2", f.width).attr("y1", y(0)).attr("y2", y(0)).attr("stroke", color("ink"));
  fitDots(f, x, y, (p) => p[3]);
}

function fitFigures(node, fit) {
  const both = row(node);
  const named = d3.range(Math.min(8, fit.outputs)).map((k) => [`output ${k}`, outputColor(k)]);
  if (fit.outputs > 8) named.push(["other outputs", "muted"]);
  const legend = fit.outputs > 1 ? named : [];
  const thin =
    (fit.points.length < fit.values
      ? ` ${num(fit.points.length)} of ${num(fit.values)} are drawn, the largest residuals among them.`
      : "") +
    (fit.not_finite > 0 ? ` ${num(fit.not_finite)} are infinite or no numbers and not drawn.` : "") +
    (fit.rows < data.problem.rows ? ` Evaluated on ${num(fit.rows)} of ${plural(data.problem.rows, "row")}.` : "");
  figure(both, {
    id: "fit-identity",
    title: "Predictions and reconstruction",
    legend: legend.concat([["equal", "ink", "line"]]),
    note: "Points on the line are reproduced." + thin,
    draw: drawIdentity,
  });
  figure(both, {
    id: "fit-residuals",
    title: "Residuals",
    legend,
    note: `Reconstruction less prediction. MSE ${num(fit.mse)}, largest ${num(fit.largest_error)}.` + thin,
    draw: drawResiduals,
  });
}

function studySection() {
  const node = section(
    "study",
    "Study",
    "What kintsugi analyze found about this network: how much the starts knew, and what swapping two blocks does to " +
      "the error.",
  );
  const study = data.analysis;
  if (!study) {
    missing(
      node,
      "missing-study",
      "Not shown: Bradley-Terry strengths, cyclic triples, bubble repair. They need an analysis:",
      analyzeCommand(),
    );
    return;
  }
  if (data.blocks.length < 2) missing(node, "no-swaps", "Not shown: swaps and what follows from them, of one block.");
  else if (study.bradley_terry) bradleyTerryFigures(node, study.bradley_terry);
  else missing(node, "missing-bradley-terry", "The analysis has no Bradley-Terry model.");
  if (study.transitivity) transitivityFigure(node, study.transitivity);
  else missing(node, "missing-transitivity", "The analysis has no count of cyclic triples.");
  if (study.repair.length) repairFigure(node, study);
  if (study.starts.length) {
    table(
      node,
      "study-starts",
      "Starts of the study",
      ["start", "direction", "MSE", "inversions", "Kendall tau", "rank correlation"],
      study.starts.map((s) => [
        s.name,
        s.direction,
        num(s.mse),
        num(s.inversions),
        num(s.kendall_tau),
        num(s.rank_correlation),
      ]),
    );
  }
  if (study.searches.length) {
    table(
      node,
      "study-searches",
      "Ways to the answer: evaluations of the whole network until solved, else in all",
      ["way", "evaluations", "MSE at its end", "solved"],
      study.searches.map((s) => [s.name, num(s.evaluations), num(s.mse), s.solved ? "yes" : "no"]),
    );
  }
}

/// "position 3: pieces 7, 12" of the start whose positions were swapped.
function startPlace(position) {
  const model = data.analysis.bradley_terry;
  const pieces = model && model.blocks[position];
  return `position ${position}` + (pieces ? `: pieces ${pieces[0]}, ${pieces[1]}` : "");
}

function bradleyTerryFigures(node, model) {
  const both = row(node);
  const length = model.strengths.length;
  const values = model.grid.values.filter((v) => v !== null);
  const limit = d3.max(values, Math.abs) || 1;
  const cell = model.grid.cell;
  figure(both, {
    id: "gains",
    title: "Change of the error when two positions of the start are swapped",
    note:
      (model.start ? `Start: ${model.start}. ` : "") +
      "Red: the swap makes it worse, as it must where the two stand right. The colours are spread for small values." +
      thinned(cell, "swaps and shows the largest change"),
    draw: (stage, width) =>
      heat(stage, width, {
        grid: model.grid,
        scale: diverging(limit, 0.35),
        xName: "later position j in the start",
        yName: "earlier position i",
        xLength: length,
        yLength: length,
        meaning: "change of the MSE",
        label: "Gains of all pairwise swaps",
        lines: (r, c, value) =>
          value === null
            ? null
            : [
                cell === 1
                  ? `positions ${r} and ${c} swapped`
                  : `positions ${cellRange(r, cell, length)} with ${cellRange(c, cell, length)}`,
                `MSE changes by ${num(value)}`,
                ...(cell === 1 && model.blocks.length ? [startPlace(r), startPlace(c)] : []),
              ],
      }),
  });
  const place = new Map(model.order.map((position, rank) => [position, rank]));
  figure(both, {
    id: "strengths",
    title: "Bradley-Terry strengths",
    note:
      `Fitted at a temperature of ${num(model.temperature)}; the stronger comes first. In a start that is right the ` +
      "strengths fall from left to right." +
      (model.mse === null ? "" : ` The order that they give has an MSE of ${num(model.mse)} on all rows`) +
      (model.mse === null || model.inversions === null
        ? ""
        : `, and ${plural(model.inversions, "inversion")} against the answer`) +
      (model.mse === null ? "" : "."),
    legend: [["a position of the start", "s1"]],
    draw: (stage, width) => {
      const f = frame(stage, width, besideMatrix(width), kMargin, "Strength of each position");
      const x = d3
        .scaleLinear()
        .domain([-0.5, length - 0.5])
        .range([0, f.width]);
      const y = d3.scaleLinear().domain(d3.extent(model.strengths)).nice().range([f.height, 0]);
      axes(f, x, y, "position in the start", "strength", { xText: wholeText });
      dots(
        f,
        x,
        y,
        model.strengths.map((s, t) => ({
          x: t,
          y: s,
          color: "s1",
          lines: () => [startPlace(t), `strength ${num(s)}`, `place ${place.get(t)} by strength`],
        })),
        length > 200 ? 2 : 3.5,
      );
    },
  });
}

function transitivityFigure(node, study) {
  const share = study.triples > 0 ? (100 * study.cyclic) / study.triples : 0;
  const text =
    `${num(study.cyclic)} of ${plural(study.triples, "triple")} are cyclic (${num(share)} %): ` +
    "i before j, j before k and k before i. " +
    (study.cyclic === 0 || study.mean_span_cyclic === null || study.mean_span_all === null
      ? ""
      : `They span ${num(study.mean_span_cyclic)} positions on average, all triples ${num(study.mean_span_all)}. `) +
    (study.cyclic === 0 || study.median_margin_cyclic === null || study.median_margin_transitive === null
      ? ""
      : `The median of their weakest margins is ${num(study.median_margin_cyclic)}, that of the others ` +
        `${num(study.median_margin_transitive)}. `);
  if (!study.list.length) {
    node.append(el("p", { id: "triples" }, text));
    return;
  }
  figure(node, {
    id: "triples",
    title: "Cyclic triples",
    legend: [["a cyclic triple", "s1"]],
    note:
      text +
      "Weak margins say that the contradiction hardly matters." +
      (study.list.length < study.listed
        ? ` ${num(study.list.length)} of them are drawn, the strongest among them.`
        : ""),
    draw: (stage, width) => {
      const f = frame(stage, width, 300, kMargin, "Cyclic triples by span and weakest margin");
      const span = (t) => Math.max(t[0], t[1], t[2]) - Math.min(t[0], t[1], t[2]);
      const positive = study.list.map((t) => t[3]).filter((v) => v > 0);
      const low = (d3.min(positive) || 1e-12) / 2;
      const x = d3
        .scaleLinear()
        .domain([0, d3.max(study.list, span) + 1])
        .range([0, f.width]);
      const y = d3
        .scaleLog()
        .domain([low, (d3.max(positive) || 1) * 2])
        .range([f.height, 0]);
      axes(f, x, y, "span of the three positions", "weakest margin (MSE)", {
        yTicks: logTicks(y, 6),
        xText: wholeText,
      });
      dots(
        f,
        x,
        y,
        study.list.map((t) => ({
          x: span(t),
          y: Math.max(low, t[3]),
          color: "s1",
          lines: () => [
            "a cyclic triple of the start",
            ...t.slice(0, 3).map(startPlace),
            `weakest margin ${num(t[3])}`,
            `span ${span(t)}`,
          ],
        })),
        3,
      );
    },
  });
}

const kReversed = "-reversed";

/// Errors of the starts themselves, as rounds 0.
function repairStarts(study) {
  const known = new Map(study.starts.map((s) => [s.name + (s.direction === "reversed" ? kReversed : ""), s.mse]));
  if (study.bradley_terry && study.bradley_terry.mse !== null) known.set("bradley-terry", study.bradley_terry.mse);
  return Array.from(new Set(study.repair.map((r) => r.start)))
    .filter((start) => Number.isFinite(known.get(start)))
    .map((start) => ({ start, round: 0, swaps: 0, cumulative: 0, mse: known.get(start) }));
}

function repairFigure(node, study) {
  const rounds = repairStarts(study).concat(study.repair);
  // A start and its reverse have one colour, the reverse is dashed.
  const plain = (start) => start.replace(kReversed, "");
  const starts = Array.from(new Set(rounds.map((r) => r.start)));
  const colored = Array.from(new Set(starts.map(plain))).slice(0, 8);
  const colorOf = (start) => (colored.includes(plain(start)) ? "s" + (1 + colored.indexOf(plain(start))) : "muted");
  const zero = rounds.some((r) => r.mse === 0);
  figure(node, {
    id: "repair",
    title: "Bubble repair from each start",
    legend: colored
      .map((s) => [s, colorOf(s), "line"])
      .concat(starts.some((s) => colorOf(s) === "muted") ? [["other starts", "muted", "line"]] : [])
      .concat(starts.some((s) => s !== plain(s)) ? [["reversed", "ink", "dashed"]] : []),
    note:
      "Mean squared error on all rows after each sweep of swaps of neighbours; round 0: before the first." +
      (zero ? " An error of 0 is drawn at the lower edge." : ""),
    draw: (stage, width) => drawRepair(stage, width, rounds, starts, colorOf),
  });
}

function drawRepair(stage, width, rounds, starts, colorOf) {
  const f = frame(stage, width, 320, kMargin, "Error after each round of repair");
  const positive = rounds.map((r) => r.mse).filter((v) => v > 0);
  const low = (d3.min(positive) || 1e-12) / 2;
  const x = d3
    .scaleLinear()
    .domain([0, d3.max(rounds, (r) => r.round)])
    .range([0, f.width]);
  const y = d3
    .scaleLog()
    .domain([low, (d3.max(positive) || 1) * 2])
    .range([f.height, 0]);
  axes(f, x, y, "round", "mean squared error", {
    yTicks: logTicks(y, 6),
    xText: wholeText,
  });
  const points = [];
  for (const start of starts) {
    const own = rounds.filter((r) => r.start === start);
    f.plot
      .append("path")
      .attr("fill", "none")
      .attr("stroke", color(colorOf(start)))
      .attr("stroke-width", 1.5)
      .attr("stroke-dasharray", start.endsWith(kReversed) ? "5 4" : null)
      .attr(
        "d",
        d3
          .line()
          .x((r) => x(r.round))
          .y((r) => y(Math.max(low, r.mse)))(own),
      );
    for (const r of own) {
      points.push({
        x: r.round,
        y: Math.max(low, r.mse),
        color: colorOf(start),
        lines: () => [
          start,
          r.round === 0
            ? "before the first round"
            : `round ${r.round}: ${plural(r.swaps, "swap")}, ${num(r.cumulative)} in all`,
          `MSE ${num(r.mse)}`,
        ],
      });
    }
  }
  dots(f, x, y, points, 3);
}
