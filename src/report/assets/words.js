// What the words and signs of this page mean.

const kRunWords = [
  ["run", "One solve: of a problem, with a seed and settings."],
  ["problem", "Told apart by what the files say of its weights, rows and activation, not by a name."],
  ["settings", "Options that may change what a run does, the program's version and its tuned numbers; no seed, no place."],
  ["solved", "The status is solved, precision or noise: nothing is left of the error that another order would explain."],
  ["MSE", "Mean squared error of the network put together against the predictions; on all rows at the end of a run."],
  ["certain", "Neighbours of the answer whose change of places raises the error beyond what rounding or noise explains."],
  ["right pairs, tau", "Against a known answer: pairs of pieces that are right, and Kendall's tau of the order (1: the same)."],
  ["evaluation", "The whole network evaluated once on the sample; work on parts of it adds up to whole ones."],
  ["expected", "The sum over all runs, failed ones too, by the number of solved ones: what one solved run costs on average."],
  ["performance profile", "Share of problems on which some settings cost at most so many times the least of all."],
  ["speed-up, efficiency", "The time on the fewest ranks by the time on more; the same as a share of the ideal."],
];

const kWords = [
  ["block", "An expand piece, an activation and a compress piece; what it makes of its input is added to the input."],
  ["head", "The last piece, which makes predictions of what the blocks have come to."],
  ["position", "A block's place in the order, from 0, the first to be applied."],
  ["MSE", "Mean squared error: of the network put together against the predictions that were given."],
  ["target", "The MSE that counts as solved: what rounding of the predictions explains, or --tolerance."],
  ["exact evaluation", "The whole network evaluated once on the sample; work on parts of it adds up to whole ones."],
  ["sample", "The rows that the search works on. It grows where the order fits the sample better than other rows."],
  ["seam, margin", "Of two neighbours: by how much the MSE rises when they change places, with its standard error."],
  ["standard errors, z", "The rise divided by its standard error: how clearly it differs from 0."],
  ["certain", "Two neighbours whose change of places raises the error beyond what rounding, or noise, can explain."],
  ["interchangeable", "Two neighbours that can change places, alone or with others, and the data do not tell."],
  ["score", "How much a pair of pieces looks like one block by its weights; higher is likelier."],
  ["runner-up, rival", "The compress piece that scores best with the same expand piece besides the chosen one."],
  ["score margin", "The chosen pair's score less the runner-up's; below 0 where the best matching of all pairs overruled it."],
  ["trusted", "The pair stands out from what unrelated pieces would score by chance; others are left to the data."],
  ["start", "An order that the search may begin at."],
  ["inversions", "Pairs of blocks that stand in the other order in the answer."],
  ["island", "A search of its own beside others, which now and then show each other their best orders."],
  ["best orders", "Orders that islands kept because they are good and not alike."],
  ["line by the weights", "The order in which blocks at neighbouring places have the most similar weights."],
  ["rank correlation", "How alike two orders are: 1 where they are equal, -1 where one is the other reversed."],
  ["kept, tried", "A step of the search whose order had the lowest error so far on its sample, and any other."],
];

function wordsSection(words) {
  const node = section("words", "Words", "What the words and signs of this page mean.");
  node.append(el("dl", { class: "words" }, ...words.flatMap(([word, says]) => [el("dt", {}, word), el("dd", {}, says)])));
}
