// The page's frame: the answer to copy, the blocks one by one, the facts of the run.

/// A word as a shell takes it.
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'";
}

const problemPath = () => quoted(data.problem ? data.problem.path : data.run.problem || "problem.h5");
const problemCommand = () => `kintsugi report ${quoted(data.run.path)} --problem ${problemPath()} -o report.html`;
const analyzeCommand = () =>
  `mpirun -np 2 kintsugi analyze ${problemPath()} --answer ${quoted(data.run.path)} -o analysis.h5 && ` +
  `kintsugi report ${quoted(data.run.path)} --problem ${problemPath()} --analysis analysis.h5 -o report.html`;
const solveCommand = () =>
  `mpirun -np 2 kintsugi solve ${problemPath()} --start ${quoted(data.run.path)} -o solution.h5`;

function answerSection() {
  const node = section("answer", "Answer", "The pieces in their order: expand, compress, expand, compress, ..., head.");
  // Lines break behind commas only.
  const parts = data.permutation.flatMap((piece, i) => (i === 0 ? [piece] : [",", el("wbr"), piece]));
  const field = el("div", { class: "answer mono", id: "permutation", tabindex: "0" }, ...parts);
  const button = el(
    "button",
    {
      type: "button",
      id: "copy",
      onclick: () => {
        const done = (word) => {
          button.textContent = word;
          setTimeout(() => {
            button.textContent = "Copy";
          }, 2000);
        };
        const range = document.createRange();
        range.selectNodeContents(field);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        done(document.execCommand("copy") ? "Copied" : "Selected");
      },
    },
    "Copy",
  );
  scrolling(node, field);
  node.append(
    button,
    el("p", { class: "lead" }, "SHA-256 of this text: ", el("code", { "data-figure": "sha256" }, data.run.sha256)),
  );
}

function blocksSection() {
  const node = section("blocks", "Blocks", "One line for each block, in the order of the answer.");
  const margin = new Map((data.margins || []).map((m) => [m.position, m]));
  const header = ["position", "expand", "compress", "score", "runner-up", "its score", "score margin", "trusted"];
  if (data.margins) header.push("swap with next", "standard errors");
  table(
    node,
    "blocks-table",
    "Pairs and places",
    header,
    data.blocks.map((b, t) => {
      const line = [
        t,
        b.expand,
        b.compress,
        num(b.score),
        b.runner_up < 0 ? "–" : b.runner_up,
        b.runner_up < 0 ? "–" : num(b.runner_up_score),
        num(b.score_margin),
        b.trusted ? "yes" : { text: "no", flag: true },
      ];
      if (data.margins) {
        const m = margin.get(t);
        line.push(
          m
            ? {
                text: num(m.change) + (m.interchangeable ? " (interchangeable)" : ""),
                flag: m.interchangeable || m.change < 0,
              }
            : "–",
          m ? num(m.z) : "–",
        );
      }
      return line;
    }),
  );
}

function factsSection() {
  const node = section("run", "Run");
  const run = data.run;
  const facts = [
    ["problem", run.problem],
    ["solution", run.path],
    ["version", run.version],
    ["revision", run.revision],
    ["written", run.date],
    ["host", run.host],
    ["command", run.launch],
    ["ranks", run.ranks],
    ["islands", run.islands],
    ["seed", run.seed],
    ["exit code", run.exit_code],
  ];
  if (data.problem) {
    const hidden = data.problem.hidden;
    facts.push(
      [
        "network",
        `${plural(data.blocks.length, "block")} of width ${data.problem.width}, ` +
          `hidden ${hidden[0] === hidden[1] ? hidden[0] : hidden.join(" to ")}, ` +
          `${data.problem.activation}; ${plural(data.problem.outputs, "output")}`,
      ],
      ["data", plural(data.problem.rows, "row")],
    );
  }
  if (run.times.total > 0) {
    for (const part of ["load", "pairing", "seeding", "search", "kernels", "collectives", "check", "total"])
      facts.push([part, seconds(run.times[part])]);
  } else {
    facts.push(["times", "not recorded (--no-times)"]);
  }
  node.append(
    el(
      "dl",
      { id: "facts" },
      ...facts.filter(([, value]) => value !== "").flatMap(([name, value]) => [
        el("dt", {}, name),
        el("dd", { "data-figure": "run-" + name.replace(/ /g, "-") }, String(value)),
      ]),
    ),
  );
  node.append(el("h3", {}, "Options"), el("pre", { id: "options", tabindex: "0" }, run.options || "none recorded"));
}

stayLive();
header();
answerSection();
pairingSection();
orderSection();
depthSection();
fitSection();
studySection();
blocksSection();
factsSection();
wordsSection(kWords);
applyTheme();
