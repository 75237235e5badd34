// One frame: only the rows and the time that are seen.

const RULER = 26, EDGE = 10;
const painters = { ...strips, ...lanes };
let pen;

const xOf = (t) => page.gutter + ((t - page.from) * page.plot) / (page.to - page.from);
const tOf = (x) => page.from + ((x - page.gutter) * (page.to - page.from)) / page.plot;

// --- text: measured once a font ---------------------------------------------------------------

const FONTS = { "": 12, bold: 12, small: 10 };
const widths = new Map();

function font(style) {
  return `${style === "bold" ? "600 " : ""}${FONTS[style]}px ${theme.font}`;
}

function widthOf(text, style = "") {
  const key = style + "\n" + text;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 20000) widths.clear();
    pen.font = font(style);
    widths.set(key, (width = pen.measureText(text).width));
  }
  return width;
}

/** Cut in the middle: pods differ in their last letters. */
function fitted(text, room, style = "") {
  if (widthOf(text, style) <= room) return text;
  let low = 0, high = text.length;
  const cut = (n) => `${text.slice(0, Math.ceil(n / 2))}…${n > 1 ? text.slice(-Math.floor(n / 2)) : ""}`;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(cut(middle), style) <= room) low = middle;
    else high = middle - 1;
  }
  return low ? cut(low) : "";
}

function write(text, x, y, color, style = "") {
  pen.font = font(style);
  pen.fillStyle = color;
  pen.fillText(text, x, y);
}

/** The ground behind a text that stands on something. */
function outline(text, x, y, ground) {
  pen.font = font("");
  pen.strokeStyle = ground;
  pen.lineWidth = 4;
  pen.strokeText(text, x, y);
  pen.lineWidth = 1;
}

// --- the frame --------------------------------------------------------------------------------

const chosen = (r) => page.chosen?.rebalance === r;
const concerned = ({ group, kind }) => group === page.chosen?.group && kind !== "title" && kind !== "space";

function draw() {
  const { width, height, rows, scroll } = page;
  pen.setTransform(page.ratio, 0, 0, page.ratio, 0, 0);
  bar(theme.ground, 0, 0, width, height);
  const { step, found } = ticks(page.from, page.to, page.plot, 90);
  pen.fillStyle = theme.line;
  for (const t of found) pen.fillRect(Math.round(xOf(t)), RULER, 1, height);
  const first = Math.max(rowAt(rows, scroll), 0);
  let last = first;
  while (last < rows.length && rows[last].y - scroll < height - RULER) last++;
  const seen = rows.slice(first, last);
  pen.save();
  pen.beginPath();
  pen.rect(page.gutter, RULER, page.plot, height);
  pen.clip();
  highlight(seen);
  for (const row of seen) painters[row.kind].plot(row, row.y - scroll + RULER, row.height);
  edges(seen);
  pen.restore();
  for (const row of seen) painters[row.kind].label(row, row.y - scroll + RULER, row.height);
  ruler(step, found);
  document.documentElement.dataset.frame = ++page.frame;
}

/** The chosen rebalance, and the row under the pointer. */
function highlight(seen) {
  for (const row of seen) {
    const y = row.y - page.scroll + RULER;
    if (concerned(row)) {
      const { start_ms: start, until_ms: until } = page.chosen.rebalance;
      pen.globalAlpha = 0.13;
      bar(theme.accent, xOf(start), y, Math.max(xOf(until) - xOf(start), 2), row.height);
      pen.globalAlpha = 1;
    }
    if (row === page.hovered?.row && (row.kind === "member" || row.kind === "partition")) {
      bar(theme.faint, page.gutter, y, page.plot, row.height);
    }
  }
}

function edges(seen) {
  if (page.chosen) {
    for (const row of seen.filter(concerned)) {
      for (const t of [page.chosen.rebalance.start_ms, page.chosen.rebalance.until_ms]) {
        bar(theme.accent, Math.round(xOf(t)), row.y - page.scroll + RULER, 1, row.height);
      }
    }
  }
  if (page.hovered) bar(theme.dim, Math.round(page.hovered.x), RULER, 1, page.height);
}

function ruler(step, found) {
  bar(theme.ground, 0, 0, page.width, RULER);
  bar(theme.line, 0, RULER - 1, page.width, 1);
  const hint = "wheel zooms, drag moves";
  if (widthOf(hint, "small") < page.gutter - 24) write(hint, 12, 16, theme.dim, "small");
  for (const t of found) {
    const x = Math.round(xOf(t)), text = tickLabel(t, step, page.end);
    if (x < page.gutter) continue;
    bar(theme.dim, x, RULER - 6, 1, 5);
    if (x + 4 + widthOf(text) < page.width) write(text, x + 4, 16, theme.dim);
  }
}
