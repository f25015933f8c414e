// The head of the page: what was found, how sure it is, and what stands in the way.

/// The verdict in a word or two.
const kVerdicts = {
  solved: "Solved",
  reproduced: "Reproduced, order open",
  precision: "Solved up to precision",
  noise: "Solved up to noise",
  not_solved: "Not solved",
  time_limit: "Not solved in time",
  evaluations: "Not solved",
  interrupted: "Interrupted",
  unfinished: "Unfinished",
  "by-weights": "By the weights",
};

/// What the status says about the answer.
function result(run) {
  if (run.status === "solved") return "Every prediction is reproduced up to rounding.";
  if (run.status === "reproduced") {
    return "Every prediction is reproduced up to rounding, but the data leave the order of most neighbours open.";
  }
  if (run.status === "precision") return "The error that is left is what the rounding of the pieces' weights explains.";
  if (run.status === "noise") {
    const share = (value) => Number((100 * value).toPrecision(3)) + " %";
    return (
      "The error that is left is, as far as can be told, noise of the predictions: another order would explain " +
      `${share(run.explained)} of it, by chance up to ${share(run.by_chance)}.`
    );
  }
  if (run.status === "by-weights") {
    return data.line && data.line.trusted
      ? "The blocks stand in the line that their weights give; no prediction was used, and the direction is open."
      : "The weights do not say the order; this is the smoothest line, which chance may have made.";
  }
  if (run.status === "unfinished") {
    return "The solve was still going on, or was killed, when this was written: the best order so far.";
  }
  const why = {
    not_solved: "The searches had nothing left to try: ",
    time_limit: "Stopped at the time limit: ",
    evaluations: "Stopped at the limit of evaluations: ",
    interrupted: "Stopped by a signal: ",
  };
  return (why[run.status] || "") + "this is the best order that was found; the predictions are not reproduced.";
}

/// What is certain, as a headline.
function headline(run) {
  const { certain, of, of_answer } = run.certainty;
  if (data.blocks.length < 2) return "one block, whose order is no question";
  if (run.status === "by-weights") {
    return data.line && data.line.trusted
      ? `places known to about ${num(Number(data.line.places.toPrecision(2)))} either way`
      : "no place is known";
  }
  if (of_answer && of > 0) return `${num(certain)} of ${plural(of, "neighbour")} certain`;
  return of_answer ? "how sure neighbours are was not asked" : "nothing is certain yet";
}

/// Of an order that is not the answer, what its swaps tell.
function swapsOf(run) {
  const { certain, of, of_answer } = run.certainty;
  if (of_answer || of === 0) return null;
  return ` ${num(certain)} of ${plural(of, "swap")} of neighbours would raise its error for certain.`;
}

const kKinds = {
  activation: "Activation",
  pairs: "Pairs",
  sample: "Sample",
  limit: "Limit",
  noise: "Noise",
  rows: "Rows",
  copies: "Equal blocks",
  data: "Data",
  extra: "Pieces left out",
  form: "Form of the blocks",
  missing: "Missing",
  rounding: "Rounding",
  scale: "Scale",
  ties: "Ties",
};

/// What keeps the problem from being solved, or is odd about it, each with what to try.
function findingItem(finding) {
  return el(
    "li",
    {},
    el("b", {}, kKinds[finding.kind] || finding.kind),
    " ",
    ...unbroken(finding.evidence + "."),
    finding.remedy ? el("span", { class: "remedy" }, ...unbroken(" Try: " + finding.remedy + ".")) : null,
  );
}

function tiles(run) {
  const byWeights = run.status === "by-weights";
  const known = (value) => value !== null && value !== undefined;
  const list = [
    ["mean squared error", num(run.mse), known(run.target) ? "solved at " + num(run.target) : "not known", "mse"],
    ["largest error", num(run.largest_error), "of one prediction", "largest-error"],
    ["rows", num(run.rows), byWeights ? "none was used" : run.largest_error === null ? "of a sample" : "all were checked", "rows"],
    ["blocks", num(data.blocks.length), "head: piece " + data.head, "blocks"],
    ["exact evaluations", num(run.evaluations), "of the whole network", "evaluations"],
  ];
  if (run.times.total > 0)
    list.push(["time", seconds(run.times.total), "search " + seconds(run.times.search), "seconds"]);
  return list;
}

function header() {
  const run = data.run;
  const byWeights = run.status === "by-weights";
  const good = run.certainty.of_answer ? run.status !== "reproduced" : byWeights && data.line && data.line.trusted;
  const badge = el("span", { class: "status " + (good ? "good" : "bad"), "data-figure": "status" });
  badge.textContent = run.status.replace(/_/g, " ");
  const name = run.problem || run.path;
  document.getElementById("title").textContent = name;
  document.title = "kintsugi: " + name;
  document.getElementById("verdict").textContent = `${kVerdicts[run.status] || run.status}: ${headline(run)}`;
  document.getElementById("result").append(badge, " ", result(run), swapsOf(run) || "");
  document.getElementById("findings").append(...run.findings.map(findingItem));
  networkFigure(document.getElementById("picture"));
  tileRow(tiles(run));
  document.getElementById("warnings").append(...run.warnings.map((text) => el("li", {}, text)));
}
