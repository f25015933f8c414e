// How soon runs reach their target, and which settings are how often the best.

/// What a run may cost: its name, the value of a run, the expected value of a series, and how it is written.
const kCosts = [
  ["evaluations", "exact evaluations", (run) => run.evaluations, (s) => s.expected_evaluations, num],
  ["seconds", "seconds of search", (run) => run.search, (s) => s.expected_seconds, seconds],
];

/// Within a decade of costs there may be one power of ten or none.
function costTicks(scale, width) {
  const [low, high] = scale.domain();
  const ticks = logTicks(scale, Math.floor(width / 45));
  return ticks.length > 1 || high > 10 * low ? ticks : d3.ticks(low, high, 3);
}

const costsOf = (runs) => kCosts.filter(([, , value]) => runs.some((r) => value(r) > 0));

/// The targets of a problem: errors between the first of its runs and its target, evenly spaced on a logarithmic scale.
const kTargets = 25;

function targetsOf(runs) {
  const first = d3.max(runs, (r) => r.curve[0][2]);
  const last = d3.min(runs.filter((r) => r.target > 0), (r) => r.target);
  if (!(first > 0) || !(last > 0) || last >= first) return [];
  return d3.range(1, kTargets + 1).map((i) => first * Math.pow(last / first, i / kTargets));
}

/// When each target was reached, by run and target; null where it was not.
function hits(runs, value, all) {
  if (!all) return runs.map((run) => (run.solved ? value(run) : null));
  const key = value(runs[0]) === runs[0].evaluations ? 0 : 1;
  return d3.merge(
    data.problems.map((name, problem) => {
      const own = runs.filter((r) => r.problem === problem && r.curve.length);
      const targets = own.length ? targetsOf(own) : [];
      return d3.merge(
        own.map((run) =>
          targets.map((target) => {
            const corner = run.curve.find((c) => c[2] !== null && c[2] <= target);
            if (corner) return corner[key];
            return run.solved ? value(run) : null;
          }),
        ),
      );
    }),
  );
}

function reachedSection(runs) {
  const costs = costsOf(runs);
  if (runs.length < 2 || !costs.length) return;
  const node = section(
    "reached",
    "How soon runs are solved",
    "Shares of the runs that have reached their target, and which settings do so with the least work.",
  );
  let cost = costs[0];
  let all = false;
  const redraw = [];
  const again = () => redraw.forEach((draw) => draw());
  const select = choice("Over", costs.map((c) => [c[0], c[1]]), (value) => {
    cost = costs.find((c) => c[0] === value);
    again();
  });
  const ladder = runs.every((r) => r.curve.length > 0);
  const which = choice("Target", [[0, "solved"], [1, `${kTargets} errors on the way`]], (value) => {
    all = value === "1";
    again();
  });
  redraw.push(
    figure(node, {
      id: "ecdf",
      title: "Share of runs that have reached their target",
      controls: (costs.length > 1 ? [select] : []).concat(ladder ? [which] : []),
      legend: groupLegend(runs).concat([["where the last of the others was given up", "soft", "ring"]]),
      note:
        "The empirical distribution of the time to target, as benchmarks of optimisers show it: at each point, which " +
        "share of the runs had got there with at most so much work. Further left and higher is better. " +
        (ladder
          ? "With errors on the way, each run counts once for each of them, between the first error and the target."
          : ""),
      draw: (stage, width) => drawReached(stage, width, runs, cost, all),
    }),
  );
  const series = data.series.filter((s) => s.runs > 0);
  if (data.groups.length > 1 && new Set(series.map((s) => s.problem)).size > 0) profileFigure(node, series, costs);
  else missing(node, "no-profile", "No performance profile: it compares settings, and all runs have the same.");
  expectedTable(node, series);
}

function drawReached(stage, width, runs, [, name, value], all) {
  const f = frame(stage, width, 320, { ...kMargin, right: 26 }, `Share of runs solved over ${name}`);
  const groups = data.groups.map((label, g) => runs.filter((r) => r.group === g));
  const times = groups.map((own) => (own.length ? hits(own, value, all) : []));
  const spent = runs.map(value).concat(d3.merge(times)).filter((v) => v > 0);
  const first = (d3.min(spent) || 1) / 1.2;
  const last = Math.max(first * 1.6, (d3.max(spent) || 1) * 1.2);
  const x = d3.scaleLog().domain([first, last]).range([0, f.width]).clamp(true);
  const y = d3.scaleLinear().domain([0, 1]).range([f.height, 0]);
  axes(f, x, y, name, all ? "share of runs and targets" : "share of runs", {
    xTicks: costTicks(x, f.width),
    yTicks: [0, 0.25, 0.5, 0.75, 1],
    yText: (v) => Math.round(100 * v) + " %",
  });
  const marks = [];
  times.forEach((own, g) => {
    if (!own.length) return;
    const reached = own.filter((v) => v !== null).sort((a, b) => a - b);
    const corners = [[x(first), y(0)]];
    reached.forEach((v, i) => corners.push([x(Math.max(first, v)), y((i + 1) / own.length)]));
    corners.push([x(last), corners[corners.length - 1][1]]);
    const path = f.plot.append("path").attr("class", "reached").attr("data-group", g).attr("fill", "none");
    path.attr("data-share", reached.length / own.length).attr("stroke", color(groupColor(g))).attr("stroke-width", 2);
    path.attr("d", d3.line().curve(d3.curveStepAfter)(corners));
    const lost = groups[g].filter((r) => !r.solved && value(r) > 0);
    if (!lost.length) return;
    marks.push({
      x: d3.max(lost, value),
      y: reached.filter((v) => v <= d3.max(lost, value)).length / own.length,
      color: groupColor(g),
      hollow: true,
      lines: () => [data.groups[g], `${num(lost.length)} not solved; the last ended at ${num(d3.max(lost, value))}`],
    });
  });
  dots(f, x, y, marks, 5);
  hoverPlot(f, (px) => {
    if (px < 0) return null;
    const at = x.invert(px);
    return [
      `${name}: ${num(Number(at.toPrecision(3)))}`,
      ...times
        .map((own, g) => [own, g])
        .filter(([own]) => own.length)
        .map(([own, g]) => `${data.groups[g]}: ${num(own.filter((v) => v !== null && v <= at).length)} of ${num(own.length)}`),
    ];
  });
}

/// Dolan and Moré: for each settings, the share of problems on which they cost at most so many times the least.
function profileFigure(node, series, costs) {
  let cost = costs[0];
  const select = choice("Over", costs.map((c) => [c[0], c[1]]), (value) => {
    cost = costs.find((c) => c[0] === value);
    draw();
  });
  const draw = figure(node, {
    id: "profile",
    title: "Performance profile",
    controls: costs.length > 1 ? [select] : [],
    legend: groupLegend(data.runs),
    note:
      "For each settings: on which share of the problems they cost at most so many times what the best settings cost " +
      "there (Dolan and Moré 2002). At 1, how often they are the best; far right, how often they solve at all. What a " +
      "problem costs is what it takes on average until a run solves it, runs that failed included. Only problems that " +
      "all settings were tried on count.",
    draw: (stage, width) => drawProfile(stage, width, series, cost),
  });
}

/// The ratios to the best, by group: one for each problem that all groups were tried on; infinite where none solved it.
function ratios(series, expected) {
  const groups = Array.from(new Set(series.map((s) => s.group)));
  const problems = Array.from(new Set(series.map((s) => s.problem)));
  const shared = problems.filter((p) => groups.every((g) => series.some((s) => s.group === g && s.problem === p)));
  const cost = (g, p) => {
    const own = series.find((s) => s.group === g && s.problem === p);
    const value = expected(own);
    return own.solved === 0 || value === null ? Infinity : value;
  };
  const solved = shared.filter((p) => groups.some((g) => Number.isFinite(cost(g, p))));
  return {
    problems: shared,
    groups: groups.map((g) => [
      g,
      solved.map((p) => {
        const least = d3.min(groups, (other) => cost(other, p));
        return cost(g, p) === least ? 1 : cost(g, p) / Math.max(least, 1e-9);
      }),
    ]),
  };
}

function drawProfile(stage, width, series, [, name, , expected]) {
  const { problems, groups } = ratios(series, expected);
  if (!problems.length) {
    stage.append(el("p", { class: "missing" }, "There is no problem that all settings were tried on."));
    return;
  }
  const f = frame(stage, width, 320, { ...kMargin, right: 26 }, `Performance profile over ${name}`);
  const finite = d3.merge(groups.map(([, values]) => values)).filter(Number.isFinite);
  const most = Math.max(2, (d3.max(finite) || 1) * 1.3);
  const x = d3.scaleLog().domain([1, most]).range([0, f.width]).clamp(true);
  const y = d3.scaleLinear().domain([0, 1]).range([f.height, 0]);
  axes(f, x, y, `times the least (${name})`, "share of problems", {
    xTicks: costTicks(x, f.width),
    yTicks: [0, 0.25, 0.5, 0.75, 1],
    yText: (v) => Math.round(100 * v) + " %",
  });
  const share = (values, at) => values.filter((v) => v <= at * (1 + 1e-9)).length / problems.length;
  for (const [g, values] of groups) {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    const corners = [[x(1), y(share(values, 1))]];
    for (const v of sorted) corners.push([x(v), y(share(values, v))]);
    corners.push([x(most), corners[corners.length - 1][1]]);
    const path = f.plot.append("path").attr("class", "profile").attr("data-group", g).attr("fill", "none");
    path.attr("data-best", share(values, 1)).attr("data-solved", share(values, Infinity) * (sorted.length / Math.max(1, values.length)));
    path.attr("stroke", color(groupColor(g))).attr("stroke-width", 2).attr("d", d3.line().curve(d3.curveStepAfter)(corners));
  }
  hoverPlot(f, (px) => {
    if (px < 0) return null;
    const at = x.invert(px);
    return [
      `at most ${num(Number(at.toPrecision(3)))} times the least`,
      ...groups.map(([g, values]) => `${data.groups[g]}: ${num(Math.round(share(values, at) * problems.length))} of ${plural(problems.length, "problem")}`),
    ];
  });
}

function expectedTable(node, series) {
  const cost = (s, value, text) =>
    s.solved === 0
      ? { text: "never", value: Infinity, flag: true }
      : { text: value === null ? "–" : text(value), value };
  table(
    node,
    "expected-table",
    "What it takes until one is solved, if runs are started until one is",
    ["settings", "problem", "runs", "solved", "median evaluations", "median s", "expected evaluations", "expected s"],
    series.map((s) => [
      data.groups[s.group],
      data.problems[s.problem],
      s.runs,
      { text: num(s.solved), value: s.solved, flag: s.solved < s.runs },
      { text: num(s.median_evaluations), value: s.median_evaluations },
      { text: num(s.median_seconds), value: s.median_seconds },
      cost(s, s.expected_evaluations, num),
      cost(s, s.expected_seconds, num),
    ]),
    true,
  );
}
