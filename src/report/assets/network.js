// The network as a mended piece of pottery: blocks are shards in their order, gold joins what is sure.

const kWidestSeam = 9;
const kOpenGap = 5;
const kLeastPitch = 13; // of a shard, below which rows are broken

/// Numbers in [0, 1) that are the same at every drawing: mulberry32.
function randomOf(seed) {
  let a = (seed * 0x9e3779b1 + 0x6d2b79f5) | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/// Whether swaps show in multiples of the target: where rounding alone is left of the error.
const seamsByTarget = () => ["solved", "reproduced"].includes(data.run.status) && data.run.target > 0;

/// How sure a seam is, from 0 to 1: by the size of what a swap does, on a logarithmic scale.
function sureness(margin) {
  const [ratio, decades] = seamsByTarget() ? [margin.change / data.run.target, 8] : [margin.z / 3, 1.5];
  return Math.max(0, Math.min(1, Math.log10(Math.max(ratio, 1)) / decades));
}

/// What joins each block to the next: sure (with a width), open, or unknown.
function seams() {
  const margins = new Map((data.margins || []).map((m) => [m.position, m]));
  return data.blocks.slice(1).map((block, t) => {
    const margin = margins.get(t);
    if (!margin) return { position: t, kind: "unknown", width: 1.5 };
    if (!margin.certain) return { position: t, kind: "open", width: kOpenGap, margin };
    return { position: t, kind: "sure", width: 1.6 + sureness(margin) * (kWidestSeam - 1.6), margin };
  });
}

/// Where everything stands: `perRow` shards a row, each `pitch` wide and `height` high; the head is one more shard.
function layOut(width) {
  const count = data.blocks.length + 1;
  const least = count > 1500 ? 7 : kLeastPitch;
  const left = count * least > width - 20 ? 40 : 10;
  const room = width - left - 10;
  const rows = Math.max(1, Math.ceil((count * least) / room));
  const perRow = Math.ceil(count / rows);
  const pitch = Math.min(120, room / perRow);
  const height = rows === 1 ? Math.max(76, Math.min(120, pitch * 2.2)) : Math.max(30, Math.min(76, 340 / rows));
  const ticks = rows <= 6;
  return { rows, perRow, pitch, height, left, top: 16, step: height + (ticks ? 38 : 18), ticks };
}

/// The line along which shard `t` breaks off from the next: points from top to bottom around x = 0.
function breakLine(t, pitch, height) {
  const random = randomOf(t + 1);
  const corners = Math.max(3, Math.min(7, Math.round(height / 16)));
  const reach = Math.min(9, pitch * (pitch < 60 ? 0.13 : 0.2));
  return d3.range(corners + 1).map((i) => {
    const inner = i > 0 && i < corners;
    return [(random() * 2 - 1) * reach, (height * (i + (inner ? random() * 0.6 - 0.3 : 0))) / corners];
  });
}

const pathOf = (points) => "M" + points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join("L") + "Z";
const shifted = (points, dx, dy) => points.map(([x, y]) => [x + dx, y + dy]);

/// The same line where the shard is at `t`'s place in its row; straight at the outer ends of the whole.
function edge(t, x, y, layout) {
  const last = data.blocks.length;
  if (t < 0 || t >= last) {
    const sign = t < 0 ? 1 : -1; // rounded
    const bend = Math.min(10, layout.pitch * 0.3);
    return [0, 0.12, 0.5, 0.88, 1].map((v) => [
      x + sign * bend * (v === 0 || v === 1 ? 1 : v === 0.5 ? 0 : 0.25),
      y + v * layout.height,
    ]);
  }
  return shifted(breakLine(t, layout.pitch, layout.height), x, y);
}

function networkFigure(parent) {
  const joints = seams();
  const open = joints.filter((s) => s.kind === "open").length;
  const unknown = joints.filter((s) => s.kind === "unknown").length;
  const cracked = data.blocks.filter((b) => !b.trusted).length;
  const mended = !unknown && data.run.certainty.of_answer;
  const legend = [];
  if (joints.some((s) => s.kind === "sure")) {
    legend.push([mended ? "sure by far" : "this order is better by far", mended ? "gold" : "lacquer", "seam-wide"]);
    legend.push([mended ? "just sure" : "just better", mended ? "gold" : "lacquer", "seam-thin"]);
  }
  if (open) legend.push(["in doubt: left open", "doubt", "dot"]);
  if (unknown) legend.push(["not known", "muted", "seam-thin"]);
  if (cracked) legend.push(["pair in doubt: open between its two pieces", "surface", "crack"]);
  figure(parent, {
    id: "network",
    title: "The network put together",
    legend,
    note: networkNote(joints),
    draw: (stage, width) => drawNetwork(stage, width, joints, mended),
  });
}

function networkNote(joints) {
  const what =
    "Each shard is a block, above its expand piece, below its compress piece; the first stands at the top left, the " +
    "head at the end. ";
  if (!joints.length) return what;
  if (!data.margins) {
    return (
      what +
      (data.run.status === "by-weights"
        ? "No seam is gold: the weights alone put the blocks in line, and say of no two neighbours for certain which comes first."
        : "This solution does not say how sure any two neighbours are.")
    );
  }
  const width = seamsByTarget()
    ? "by how many times the target the error rises when they change places, from 1 to 100 million times, on a " +
      "logarithmic scale."
    : "by how many standard errors the error rises when they change places, from 3 to 100, on a logarithmic scale.";
  return (
    what +
    (data.run.certainty.of_answer
      ? "Gold joins two blocks whose order is sure; it is as wide as it is sure, " + width
      : "This is not the answer, and so nothing is gold: lacquer joins two blocks that are better as they stand than " +
        "the other way round, which tells nothing of the answer. It is wide " + width)
  );
}

/// What stands in front of the pointer's place: a shard, or a seam.
function networkLines(t, seam) {
  const b = data.blocks[t];
  if (!seam) {
    if (!b) return ["head", `piece ${data.head}`];
    return [
      blockName(t),
      `expand piece ${b.expand}, compress piece ${b.compress}`,
      `score of the pair ${num(b.score)}` + (b.runner_up < 0 ? "" : `, best rival ${num(b.runner_up_score)}`),
      b.trusted ? "the weights single the pair out" : "the weights do not single the pair out",
    ];
  }
  const says = { sure: "sure", open: "in doubt", unknown: "not known" }[seam.kind];
  const m = seam.margin;
  if (!m) return [`positions ${t} and ${t + 1}: ${says}`, blockName(t), blockName(t + 1)];
  const better = data.run.certainty.of_answer ? says : m.certain ? "better as they stand" : "as good the other way round";
  return [
    `positions ${t} and ${t + 1}: ${m.change < 0 ? "better the other way round" : better}`,
    blockName(t),
    blockName(t + 1),
    `swapped, the MSE changes by ${num(m.change)} ± ${num(m.standard_error)}`,
    seamsByTarget() ? `${num(m.change / data.run.target)} times the target` : `${num(m.z)} standard errors`,
  ];
}

function drawNetwork(stage, width, joints, mended) {
  const at = layOut(width);
  const count = data.blocks.length + 1;
  const svg = d3
    .select(stage)
    .append("svg")
    .attr("viewBox", `0 0 ${width} ${at.top + at.rows * at.step}`)
    .attr("width", width)
    .attr("height", at.top + at.rows * at.step)
    .attr("role", "img")
    .attr("aria-label", networkSummary(joints));
  const place = (t) => ({
    row: Math.floor(t / at.perRow),
    x: at.left + (t % at.perRow) * at.pitch,
    y: at.top + Math.floor(t / at.perRow) * at.step,
  });
  const scale = Math.min(1, at.pitch / 34); // of seams, where shards are narrow
  const widths = joints.map((s) => s.width * scale);
  const shards = svg.append("g");
  const gold = svg.append("g");
  const marks = svg.append("g");
  let loose = 0; // shards behind an open seam stand a little lower, or higher again
  for (let t = 0; t < count; ++t) {
    const { x, y } = place(t);
    const before = t > 0 && t < count - 1 ? widths[t - 1] : t > 0 ? 2.2 * scale : 0;
    const behind = t < count - 2 ? widths[t] : t === count - 2 ? 2.2 * scale : 0;
    if (t > 0 && joints[t - 1] && joints[t - 1].kind === "open") loose = loose ? 0 : Math.min(4, at.height * 0.08);
    const left = shifted(edge(t - 1, x, y, at), before / 2, loose);
    const right = shifted(edge(t, x + at.pitch, y, at), -behind / 2, loose);
    drawShard(shards, gold, t, left, right, at);
    if (t < count - 1) drawSeam(gold, marks, joints[t], edge(t, x + at.pitch, y + loose, at), behind, mended);
  }
  networkLabels(svg, at, place, count);
  hoverNetwork(svg, at, joints, count, width);
}

/// A shard's two pieces, between the break lines to its left and right.
function drawShard(shards, gold, t, left, right, at) {
  const block = data.blocks[t];
  const tone = randomOf(1000 + t)();
  const fill = block ? d3.interpolateRgb(color("glaze-1"), color("glaze-2"))(tone) : color("clay");
  const shard = shards.append("g").attr("class", block ? "shard" : "shard head").attr("data-position", t);
  if (!block) {
    shard.append("path").attr("d", pathOf([...left, ...right.slice().reverse()])).attr("fill", fill);
    pieceNumbers(shard, left, right, at, [data.head]);
    return;
  }
  // Where the two pieces meet: across the shard, near the middle.
  const random = randomOf(5000 + t);
  const split = (points) => {
    const middle = points[0][1] + at.height * (0.46 + 0.1 * random());
    const i = points.findIndex((p) => p[1] >= middle);
    const [a, b] = [points[Math.max(0, i - 1)], points[i]];
    const share = b[1] === a[1] ? 0 : (middle - a[1]) / (b[1] - a[1]);
    return [i, [a[0] + share * (b[0] - a[0]), middle]];
  };
  const [i, from] = split(left);
  const [j, to] = split(right);
  const bend = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 + (random() - 0.5) * Math.min(8, at.pitch * 0.3)];
  const crack = block.trusted ? 0 : Math.min(2.2, at.height * 0.04);
  const above = shifted([from, bend, to], 0, -crack);
  const below = shifted([from, bend, to], 0, crack);
  shard
    .append("path")
    .attr("d", pathOf([...left.slice(0, i), ...above, ...right.slice(0, j).reverse()]))
    .attr("fill", fill);
  shard
    .append("path")
    .attr("d", pathOf([...below, ...right.slice(j), ...left.slice(i).reverse()]))
    .attr("fill", d3.interpolateRgb(fill, color("glaze-3"))(0.35));
  if (block.trusted) {
    gold
      .append("path")
      .attr("class", "pair")
      .attr("d", "M" + [from, bend, to].map((p) => p.join(",")).join("L"))
      .attr("fill", "none")
      .attr("stroke", color("gold"))
      .attr("stroke-width", at.pitch < 20 ? 0.7 : 1.1);
  }
  pieceNumbers(shard, left, right, at, [block.expand, block.compress]);
}

/// The numbers of a shard's pieces, where shards are large enough.
function pieceNumbers(shard, left, right, at, pieces) {
  if (at.pitch < 38 || at.height < 50) return;
  const size = at.pitch < 46 ? 10 : 12;
  const across = (points, y) => {
    const i = Math.max(1, points.findIndex((p) => p[1] >= y));
    const share = (y - points[i - 1][1]) / (points[i][1] - points[i - 1][1] || 1);
    return points[i - 1][0] + share * (points[i][0] - points[i - 1][0]);
  };
  pieces.forEach((piece, i) => {
    const y = left[0][1] + at.height * (pieces.length === 1 ? 0.5 : i === 0 ? 0.26 : 0.77);
    const text = shard.append("text").attr("class", "piece").attr("text-anchor", "middle").text(piece);
    text.attr("x", (across(left, y) + across(right, y)) / 2).attr("y", y + size / 3);
    text.style("font-size", size + "px").style("fill", color("glaze-ink"));
  });
}

function drawSeam(gold, marks, seam, line, wide, mended) {
  if (seam && seam.kind === "open") {
    const [x, y] = line[0];
    const ring = marks.append("circle").attr("class", "seam open").attr("data-position", seam.position);
    ring.attr("cx", x).attr("cy", y - 8).attr("r", 3).attr("fill", color("doubt"));
    return;
  }
  // The head is where it must be: its seam is plain.
  const name = !seam ? "head" : seam.kind;
  const seamColor = !seam ? "gold" : seam.kind === "unknown" ? "muted" : mended ? "gold" : "lacquer";
  const path = gold.append("path").attr("class", "seam " + name).attr("fill", color(seamColor));
  if (seam) path.attr("data-position", seam.position).attr("data-width", seam.width.toFixed(2));
  const half = Math.max(0.5, wide / 2);
  path.attr("d", pathOf([...shifted(line, -half, 0), ...shifted(line, half, 0).reverse()]));
}

function networkLabels(svg, at, place, count) {
  const label = (x, y, text, anchor) =>
    svg.append("text").attr("x", x).attr("y", y).attr("text-anchor", anchor).text(text);
  if (!at.ticks || at.left > 10) {
    for (let row = 0; row * at.perRow < count; ++row) {
      const { y } = place(row * at.perRow);
      if (row * at.perRow < data.blocks.length) label(at.left - 8, y + at.height / 2 + 4, row * at.perRow, "end");
    }
  }
  if (!at.ticks) return;
  const every = [1, 2, 5, 10, 20, 50, 100].find((n) => n * at.pitch >= 34) || 200;
  for (let t = 0; t < count - 1; t += every) {
    const { x, y } = place(t);
    label(x + at.pitch / 2, y + at.height + 22, t, "middle");
  }
  if (at.pitch < 34) return;
  const head = place(count - 1);
  label(head.x + at.pitch / 2, head.y + at.height + 22, "head", "middle");
}

function networkSummary(joints) {
  const of = (kind) => joints.filter((s) => s.kind === kind).length;
  return (
    `${plural(data.blocks.length, "block")} in their order: ${plural(of("sure"), "sure seam")}, ` +
    `${num(of("open"))} in doubt, ${num(of("unknown"))} not known`
  );
}

function hoverNetwork(svg, at, joints, count, width) {
  const catcher = svg
    .append("rect")
    .attr("class", "catcher")
    .attr("width", width)
    .attr("height", at.top + at.rows * at.step)
    .attr("fill", "none")
    .attr("pointer-events", "all")
    .node();
  onHover(catcher, (px, py, box) => {
    const x = (px * width) / box.width - at.left;
    const y = (py * (at.top + at.rows * at.step)) / box.height - at.top;
    const row = Math.floor(y / at.step);
    if (x < 0 || y < 0 || row >= at.rows || x >= at.perRow * at.pitch) return null;
    const t = row * at.perRow + Math.floor(x / at.pitch);
    if (t >= count) return null;
    // The nearer of the shard and a seam beside it.
    const near = Math.round(x / at.pitch) + row * at.perRow - 1;
    const away = Math.abs(x / at.pitch - Math.round(x / at.pitch));
    if (away < 0.22 && joints[near] && near >= t - 1) return networkLines(near, joints[near]);
    return networkLines(t);
  });
}
