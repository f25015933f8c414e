// The page of many runs: what came of them, all in a table, in what they differ.

/// Jobs have begun, and none has left anything yet.
function nothingYet() {
  document.getElementById("title").textContent = "Runs";
  document.title = "kintsugi: no run has finished yet";
  document.getElementById("verdict").textContent = "No run has finished yet";
  document.getElementById("result").textContent = "Make this page again when one has.";
  document.getElementById("warnings").append(...data.notes.map((text) => el("li", {}, text + ".")));
}

function runsHeader() {
  const runs = data.runs;
  const solved = runs.filter((r) => r.solved).length;
  const name = data.problems.length === 1 ? data.problems[0] : plural(data.problems.length, "problem");
  const groups = new Set(runs.map((r) => r.group)).size;
  document.getElementById("title").textContent = name;
  document.title = `kintsugi: ${plural(runs.length, "run")} of ${name}`;
  document.getElementById("verdict").textContent = `${num(solved)} of ${plural(runs.length, "run")} solved`;
  document.getElementById("result").textContent = inWords(runs);
  document.getElementById("warnings").append(...data.notes.map((text) => el("li", {}, text + ".")));
  const finite = (values) => values.filter((v) => v !== null && v !== undefined);
  const cost = (value) => finite(runs.filter((r) => r.solved).map(value));
  const list = [
    ["runs", num(runs.length), `${num(solved)} solved`, "runs"],
    ["problems", num(data.problems.length), data.problems.length === 1 ? data.problems[0] : "told apart by their content", "problems"],
    ["settings", num(groups), groups === 1 ? "the same in all runs" : "compared below", "groups"],
  ];
  if (cost((r) => r.evaluations).length)
    list.push(["evaluations", num(d3.median(cost((r) => r.evaluations))), "median of the solved runs", "median-evaluations"]);
  if (cost((r) => r.search).length)
    list.push(["search", seconds(d3.median(cost((r) => r.search))), "median of the solved runs", "median-seconds"]);
  tileRow(list);
}

/// What stands out, in a sentence.
function inWords(runs) {
  const words = [];
  const solved = runs.filter((r) => r.solved && r.sweep === "" && r.evaluations !== null);
  if (solved.length && runs.length > 1 && data.problems.length === 1) {
    const first = solved.reduce((best, r) => (r.evaluations < best.evaluations ? r : best));
    words.push(`With the fewest evaluations, ${num(first.evaluations)}: ${first.name}.`);
  }
  for (const run of runs.filter((r) => r.first)) {
    const cost = run.search === null ? "" : `, after ${seconds(run.search)} of search`;
    words.push(`First to solve: ${run.name}${cost}; the other tasks stopped then.`);
  }
  const never = data.series.filter((s) => s.solved === 0);
  if (never.length && solved.length) {
    const names = Array.from(new Set(never.map((s) => data.problems[s.problem])));
    if (data.problems.length > 1) words.push(`Never solved with some settings: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", ..." : ""}.`);
  }
  for (const scaling of data.scalings) {
    const last = scaling.points[scaling.points.length - 1];
    if (scaling.points.length > 1)
      words.push(
        `${scaling.kind === "weak" ? "Weak" : "Strong"} scaling: ${(100 * last.efficiency).toFixed(0)} % efficiency on ` +
          `${plural(last.ranks, "rank")}.`,
      );
  }
  return words.join(" ");
}

function runsTable() {
  const node = section("all", "Runs", "One line for each. A click on a column's name sorts by it.");
  const has = (value) => data.runs.some((r) => value(r) !== null && value(r) !== undefined && value(r) !== "");
  const number = (value) => (r) => ({ text: num(value(r)), value: value(r) });
  const columns = [
    ["run", () => true, (r) => r.name + (r.first ? " (first)" : "")],
    ["problem", () => data.problems.length > 1, (r) => data.problems[r.problem]],
    ["settings", () => data.groups.length > 1, (r) => data.groups[r.group]],
    ["seed", () => has((r) => r.seed), (r) => ({ text: r.seed === null ? "–" : r.seed, value: r.seed === null ? null : Number(r.seed) })],
    ["ranks", () => has((r) => r.ranks), number((r) => r.ranks)],
    ["blocks", () => has((r) => r.blocks), number((r) => r.blocks)],
    ["status", () => true, (r) => ({ text: r.status ? r.status.replace(/_/g, " ") : "–", flag: !r.solved })],
    ["MSE", () => has((r) => r.mse), number((r) => r.mse)],
    ["certain", () => has((r) => r.certainty), certainCell],
    ["right pairs", () => has((r) => r.pairs), (r) => ({ text: r.pairs || "–", value: r.pairs ? Number(r.pairs.split("/")[0]) : null })],
    ["tau", () => has((r) => r.tau), number((r) => r.tau)],
    ["evaluations", () => has((r) => r.evaluations), number((r) => r.evaluations)],
    ["search s", () => has((r) => r.search), number((r) => r.search)],
    ["total s", () => has((r) => r.total), number((r) => r.total)],
  ].filter(([, shown]) => shown());
  table(
    node,
    "runs-table",
    "",
    columns.map(([name]) => name),
    data.runs.map((r) => columns.map(([, , cell]) => cell(r))),
    true,
  );
}

function certainCell(run) {
  const sure = run.certainty;
  if (!sure || !sure.of_answer || sure.of === 0) return { text: "–", value: null };
  return { text: `${num(sure.certain)} of ${num(sure.of)}`, value: sure.certain / sure.of };
}

/// The settings that are not the same in all runs: a column for each run, or for each set of runs with equal settings
/// where runs are many.
function differencesSection() {
  const node = section("settings", "Settings that differ", "Side by side; whatever is not here is the same in all runs.");
  if (!data.differences.length) {
    missing(node, "no-differences", "None: as far as the files say, all runs had the same settings.");
    return;
  }
  const few = data.runs.length <= 8;
  const columns = few
    ? data.runs.map((run, i) => [run.name, i])
    : data.groups.map((label, g) => [label, data.runs.findIndex((r) => r.group === g)]).filter(([, i]) => i >= 0);
  table(
    node,
    "differences-table",
    "",
    ["setting", ...columns.map(([name]) => name)],
    data.differences.map((d) => [d.name, ...columns.map(([, i]) => d.values[i] || "–")]),
  );
  if (few) return;
  node.append(
    el(
      "ul",
      { class: "lead", id: "groups" },
      ...data.groups
        .map((label, g) => [label, data.group_texts[g], data.runs.filter((r) => r.group === g)])
        .filter(([, , own]) => own.length)
        .map(([label, text, own]) =>
          el("li", {}, el("b", {}, label), ` (${plural(own.length, "run")}, ${own[0].name} the first)`, text === label ? "" : ": " + text),
        ),
    ),
  );
}

/// What each problem of a suite cost, run by run.
function problemsSection(runs) {
  const costs = costsOf(runs);
  if (data.problems.length < 2 || !costs.length) return;
  const node = section("problems", "Problems", "What each of them cost, run by run.");
  let cost = costs[0];
  const select = choice("Over", costs.map((c) => [c[0], c[1]]), (value) => {
    cost = costs.find((c) => c[0] === value);
    draw();
  });
  const draw = figure(node, {
    id: "problem-costs",
    title: "Cost of each problem",
    controls: costs.length > 1 ? [select] : [],
    legend: groupLegend(runs).concat([
      ["solved", "soft", "dot"],
      ["not solved", "soft", "ring"],
    ]),
    note: "On a logarithmic scale.",
    draw: (stage, width) => drawProblems(stage, width, runs, cost),
  });
}

function drawProblems(stage, width, runs, [, name, value]) {
  const used = data.problems.map((label, p) => p).filter((p) => runs.some((r) => r.problem === p));
  const rowHeight = 26;
  const names = Math.min(200, width * 0.42);
  const margin = { top: 10, right: 20, bottom: 56, left: names };
  const f = frame(stage, width, used.length * rowHeight + 66, margin, `Cost of each problem in ${name}`);
  const spent = runs.map(value).filter((v) => v > 0);
  const low = d3.min(spent) / 1.3;
  const x = d3.scaleLog().domain([low, Math.max(d3.max(spent), low * 2) * 1.3]).range([0, f.width]).clamp(true);
  const y = (p) => (used.indexOf(p) + 0.5) * rowHeight;
  bottomAxis(f, x, costTicks(x, f.width * 0.75), tickText, name);
  for (const p of used) {
    f.plot.append("line").attr("class", "gridline").attr("x2", f.width).attr("y1", y(p)).attr("y2", y(p));
    const label = f.plot.append("text").attr("x", -8).attr("y", y(p) + 4).attr("text-anchor", "end").text(data.problems[p]);
    label.each(function () {
      fitText(this, names - 12);
    });
  }
  const points = runs
    .filter((r) => value(r) !== null)
    .map((r) => ({
      x: Math.max(low, value(r)),
      y: r.problem,
      color: groupColor(r.group),
      hollow: !r.solved,
      lines: () => [...runLines(r), `${name}: ${num(value(r))}`],
    }));
  dots(f, x, y, points, 4.5);
}

function allRuns() {
  const plainRuns = data.runs.filter((r) => r.sweep === "");
  runsHeader();
  runsTable();
  if (!plainRuns.length) scalingSection();
  curvesSection(plainRuns);
  reachedSection(plainRuns);
  problemsSection(plainRuns);
  if (plainRuns.length) scalingSection();
  differencesSection();
  wordsSection(kRunWords);
}

if (data.runs.length) allRuns();
else nothingYet();
applyTheme();
