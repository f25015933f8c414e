"use strict";
// The page's data, its theme, and the small things that every picture needs.

const data = JSON.parse(document.getElementById("data").textContent);
const figures = []; // one function each, which draws a figure anew

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function color(name) {
  return getComputedStyle(document.documentElement)
    .getPropertyValue("--" + name)
    .trim();
}

/// A number as people read it; four digits.
function num(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en-US");
  if (size >= 1e5 || size < 1e-3) return value.toExponential(3).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

function seconds(value) {
  return value >= 100 ? num(Math.round(value)) + " s" : num(Number(value.toPrecision(3))) + " s";
}

function plural(count, noun) {
  return num(count) + " " + noun + (count === 1 ? "" : "s");
}

/// "block 3 (pieces 7, 12)"
function blockName(position) {
  const block = data.blocks[position];
  return `block ${position} (pieces ${block.expand}, ${block.compress})`;
}

/// The positions that a cell of a thinned picture stands for.
function cellRange(index, cell, length) {
  const last = Math.min(length, (index + 1) * cell) - 1;
  return index * cell === last ? String(last) : `${index * cell} to ${last}`;
}

// ---- theme ----

const darkWish = window.matchMedia("(prefers-color-scheme: dark)");
let chosenTheme = null;

function applyTheme() {
  const theme = chosenTheme || (darkWish.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "Light colours" : "Dark colours";
  redraw();
}

function redraw() {
  for (const draw of figures) draw();
}

darkWish.addEventListener("change", applyTheme);
document.getElementById("theme").addEventListener("click", () => {
  chosenTheme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  applyTheme();
});

// On paper: light colours, and pictures drawn for its width.
window.addEventListener("beforeprint", () => {
  document.documentElement.dataset.theme = "light";
  document.documentElement.classList.add("paper");
  redraw();
});
window.addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  applyTheme();
});

let lastWidth = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === lastWidth) return;
  lastWidth = window.innerWidth;
  redraw();
});

// ---- what stands beside a picture ----

const tip = document.getElementById("tip");

/// Shows lines of text beside the pointer, the first as a heading; none hides it.
function showTip(lines, event) {
  tip.hidden = !lines;
  if (!lines) return;
  tip.replaceChildren(el("b", {}, lines[0]), ...lines.slice(1).map((line) => el("div", {}, line)));
  const box = tip.getBoundingClientRect();
  const left = event.clientX + 14 + box.width > window.innerWidth ? event.clientX - 14 - box.width : event.clientX + 14;
  const top =
    event.clientY + 14 + box.height > window.innerHeight ? event.clientY - 14 - box.height : event.clientY + 14;
  tip.style.left = Math.max(4, Math.min(left, window.innerWidth - box.width - 4)) + "px";
  tip.style.top = Math.max(4, top) + "px";
}

/// Calls `find(x, y)` with the pointer's place in `node`, in units of its viewBox or of pixels; it gives lines or null.
function onHover(node, find) {
  const move = (event) => {
    const box = node.getBoundingClientRect();
    showTip(find(event.clientX - box.left, event.clientY - box.top, box), event);
  };
  node.addEventListener("pointermove", move);
  node.addEventListener("pointerdown", move);
  node.addEventListener("pointerleave", () => {
    showTip(null);
    find(-1e9, -1e9, node.getBoundingClientRect());
  });
}

/// Figures of the head of the page: [name, value, what else, key] each.
function tileRow(list) {
  document
    .getElementById("tiles")
    .append(
      ...list.map(([name, value, more, key]) =>
        el(
          "div",
          { class: "tile" },
          el("div", { class: "name" }, name),
          el("div", { class: "value", "data-figure": key }, value),
          el("div", { class: "more" }, more),
        ),
      ),
    );
}

function section(id, title, lead) {
  const node = el("section", { id }, el("h2", {}, title), lead ? el("p", { class: "lead" }, lead) : null);
  document.getElementById("main").append(node);
  document.getElementById("contents").append(el("a", { href: "#" + id }, title));
  return node;
}

function row(parent) {
  const node = el("div", { class: "row" });
  parent.append(node);
  return node;
}

/// Says that something is not there, and the command that would make it.
/// The text with lines that break at blanks, and not behind the hyphens of options and file names.
function unbroken(text) {
  return text
    .split(" ")
    .flatMap((word, i) => [i > 0 ? " " : "", word.includes("-") ? el("span", { class: "word" }, word) : word]);
}

function missing(parent, id, what, command) {
  parent.append(
    el("p", { class: "missing", id }, what, command ? " " : null, command ? el("code", {}, ...unbroken(command)) : null),
  );
}

/// A titled box with a picture that `draw(stage, width)` makes. `legend`: [text, colour, shape] each, or a function that
/// gives them; `controls`: nodes.
function figure(parent, { id, title, note, legend, controls, draw }) {
  const stage = el("div", { class: "stage" });
  const key = el("div", { class: "legend" });
  parent.append(
    el(
      "figure",
      { class: "figure", id, "aria-label": title },
      el("h3", {}, title),
      el("div", { class: "controls" }, ...(controls || [])),
      key,
      stage,
      note ? el("figcaption", { class: "note" }, note) : null,
    ),
  );
  const drawAll = () => {
    key.replaceChildren(
      ...(typeof legend === "function" ? legend() : legend || []).map(([text, name, shape]) => {
        const mark = el("i", { class: shape || "" });
        mark.style[shape === "dashed" || shape === "ring" ? "borderColor" : "background"] = color(name);
        return el("span", {}, mark, text);
      }),
    );
    stage.replaceChildren();
    draw(stage, Math.max(240, stage.clientWidth));
  };
  figures.push(drawAll);
  return drawAll;
}

/// A choice among `options` ([value, text] each); calls `change(value)`.
function choice(label, options, change) {
  const select = el("select", { "aria-label": label, onchange: (event) => change(event.target.value) });
  for (const [value, text] of options) select.append(el("option", { value }, text));
  return el("label", {}, label + " ", select);
}

/// Columns and rows that do not fit can be reached by scrolling; a line of text and a shadow say so while there are some.
function showHidden(box) {
  const right = box.scrollWidth - box.clientWidth - box.scrollLeft > 2;
  const below = box.scrollHeight - box.clientHeight - box.scrollTop > 2;
  box.parentNode.classList.toggle("more-right", right);
  box.parentNode.classList.toggle("more-below", below);
  const head = box.getBoundingClientRect();
  const columns = Array.from(box.querySelectorAll("th")).filter((th) => th.getBoundingClientRect().right > head.right + 8);
  const rows = Array.from(box.querySelectorAll("tbody tr")).filter(
    (tr) => tr.getBoundingClientRect().bottom > head.bottom + 8,
  );
  const words = [];
  if (right) words.push(`${plural(columns.length || 1, "more column")} to the right\u00a0→`);
  if (below) words.push((rows.length ? plural(rows.length, "more row") : "more") + " below\u00a0↓");
  box.parentNode.nextSibling.textContent = words.join("  ·  ");
}

/// A box that scrolls, and says so.
function scrolling(parent, box) {
  parent.append(el("div", { class: "scrolls" }, box), el("p", { class: "hidden-part", "aria-hidden": "true" }));
  box.addEventListener("scroll", () => showHidden(box), { passive: true });
  figures.push(() => showHidden(box));
}

/// A titled table; a cell is a text, a number or { text, flag }. `sortable`: a click on a column's name sorts by it; a
/// cell may have a `value` to sort by.
function table(parent, id, title, header, lines, sortable) {
  // On paper, where lines of cells may break, numbers stay whole.
  const kind = (text) => (/^[-–+.,%\de]+( of [\d,]+)?$/.test(text) ? "number" : "");
  const cellOf = (cell) => {
    if (cell instanceof Node) return el("td", {}, cell);
    if (cell === null || typeof cell !== "object") return el("td", { class: kind(String(cell)) }, String(cell));
    return el("td", { class: cell.flag ? "flag" : kind(cell.text || "") }, cell.node || cell.text);
  };
  const body = el("tbody", {}, ...lines.map((line) => el("tr", {}, ...line.map(cellOf))));
  const names = header.map((name) => el("th", { scope: "col" }, sortable ? null : name));
  const box = el(
    "div",
    { class: "scroll", id, tabindex: "0" },
    el("table", {}, el("thead", {}, el("tr", {}, ...names)), body),
  );
  if (sortable) names.forEach((th, column) => th.append(sortButton(header[column], column, lines, body, names)));
  if (title) parent.append(el("h3", { class: "above" }, title));
  scrolling(parent, box);
}

/// The name of a column as a button: sorts upwards, then downwards. What has no value stands last.
function sortButton(name, column, lines, body, names) {
  const rows = Array.from(body.children);
  const valueOf = (line) => {
    const cell = line[column];
    if (cell === null || typeof cell !== "object") return cell;
    return cell.value === undefined ? cell.text : cell.value;
  };
  const sort = () => {
    const down = names[column].getAttribute("aria-sort") === "ascending";
    names.forEach((th) => th.removeAttribute("aria-sort"));
    names[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = d3.range(lines.length).sort((a, b) => {
      const [p, q] = [valueOf(lines[a]), valueOf(lines[b])];
      if (p === null || q === null) return p === q ? a - b : p === null ? 1 : -1;
      const compared = typeof p === "number" && typeof q === "number" ? p - q : String(p).localeCompare(String(q));
      return (down ? -compared : compared) || a - b;
    });
    body.replaceChildren(...order.map((i) => rows[i]));
  };
  return el("button", { type: "button", class: "sort", onclick: sort }, name);
}
