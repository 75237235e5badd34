// What everything is drawn with: time to pixels, text that fits, bars. `pen` is the canvas's.

const RULER = 26, EDGE = 10;
const FONTS = { "": 12, bold: 12, small: 10 };
const widths = new Map();
let pen;

const xOf = (t) => page.gutter + ((t - page.from) * page.plot) / (page.to - page.from);
const tOf = (x) => page.from + ((x - page.gutter) * (page.to - page.from)) / page.plot;

const font = (style) => `${style === "bold" ? "600 " : ""}${FONTS[style]}px ${theme.font}`;

/** Measured once a font. */
function widthOf(text, style = "") {
  const key = `${style}\n${text}`;
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

/** The first of the texts that there is room for. */
const fitting = (texts, room, style = "") => texts.find((text) => widthOf(text, style) <= room);

/** As many of the facts as there is room for; an end of three dots says that there are more. */
function asMany(facts, room) {
  const first = (n) => (n < facts.length ? [...facts.slice(0, n), "…"] : facts).join(" · ");
  return fitting(facts.map((_, i) => first(facts.length - i)), room) ?? fitted(first(1), room);
}

function write(text, x, y, color, style = "") {
  pen.font = font(style);
  pen.fillStyle = color;
  pen.fillText(text, x, y);
}

function bar(fill, x, y, width, height, alpha = 1) {
  pen.globalAlpha = alpha;
  pen.fillStyle = fill;
  pen.fillRect(x, y, width, height);
  pen.globalAlpha = 1;
}

/** Calls `draw(value, x, end)` for each piece of a track that is seen, cut to the plot. */
function seenPieces({ starts, ends, values }, draw) {
  for (let i = Math.max(indexAt(starts, page.from), 0); i < starts.length && starts[i] <= page.to; i++) {
    if (ends[i] < page.from) continue;
    draw(values[i], Math.max(xOf(starts[i]), page.gutter - 1), Math.min(xOf(ends[i]), page.width + 1));
  }
}
