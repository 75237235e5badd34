// What is seen (time, scroll, folds, filters) and what is chosen. Everything that changes asks for one
// frame.

const payload = JSON.parse(byId("data").textContent);
const groups = payload.timelines.flatMap((timeline) => timeline.groups).map(decodeGroup);
const scroller = byId("scroll"), canvas = scroller.querySelector("canvas");
const page = {
  start: payload.start, end: payload.end, from: 0, to: 1, scroll: 0, rows: [],
  width: 0, height: 0, ratio: 1, gutter: 170, plot: 1,
  folded: initialFolds(groups), wanted: { member: "", topic: "" }, chosen: null, hovered: null,
};
pen = canvas.getContext("2d", { alpha: false });

let asked = false;

function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

// --- time -------------------------------------------------------------------------------------

const whole = () => Math.max(page.end - page.start, 1);

/** See [from, to], kept within the trace and a little beyond. */
function see(from, to) {
  const margin = whole() * 0.02, length = clamp(to - from, 4, whole() + 2 * margin);
  page.from = clamp(from, page.start - margin, page.end + margin - length);
  page.to = page.from + length;
  redraw();
}

const fit = () => see(page.start - whole() * 0.01, page.end + whole() * 0.01);

/** Zoom by `factor` (less than 1: closer) around what lies at `x`. */
function zoom(factor, x = page.gutter + page.plot / 2) {
  const length = clamp((page.to - page.from) * factor, 4, whole() * 1.04);
  const from = tOf(x) - ((x - page.gutter) / page.plot) * length;
  see(from, from + length);
}

function pan(share) {
  const by = (page.to - page.from) * share;
  see(page.from + by, page.to + by);
}

// --- rows -------------------------------------------------------------------------------------

function layRows() {
  const { rows, height } = layOut(groups, page.folded, page.wanted, page.height - RULER);
  Object.assign(page, { rows, hovered: null });
  showTip(null);
  byId("height").style.height = `${Math.max(height + RULER - page.height, 0)}px`;
  page.scroll = scroller.scrollTop;
  redraw();
}

function resize() {
  page.ratio = window.devicePixelRatio || 1;
  page.width = scroller.clientWidth;
  page.height = scroller.clientHeight;
  page.gutter = clamp(Math.round(page.width * 0.2), 112, 190);
  page.plot = Math.max(page.width - page.gutter - EDGE, 50);
  canvas.width = Math.round(page.width * page.ratio);
  canvas.height = Math.round(page.height * page.ratio);
  Object.assign(canvas.style, { width: `${page.width}px`, height: `${page.height}px` });
  repaint();
  layRows();
}

function repaint() {
  widths.clear();
  readTheme(page.ratio);
  redraw();
}

function toggle(key) {
  if (!page.folded.delete(key)) page.folded.add(key);
  layRows();
}

function foldAll(closed) {
  page.folded = new Set(closed ? allKeys(groups) : []);
  layRows();
}

/** Only members or topics (`what`) whose names contain the text. */
function want(what, text) {
  byId(what).value = page.wanted[what] = text;
  layRows();
}

// --- rebalances -------------------------------------------------------------------------------

function choose(group, rebalance) {
  markEntry(page.chosen?.rebalance, rebalance);
  page.chosen = rebalance && { group, rebalance };
  redraw();
}

/** Choose a rebalance, and see it from the first loss that led to it. */
function jump(group, r) {
  choose(group, r);
  const last = r.stages.at(-1)?.[2] ?? r.until_ms;
  const margin = Math.max((last - r.since_ms) * 0.4, whole() / 500, 20);
  see(r.since_ms - margin, last + margin);
  const row = page.rows.find((each) => each.kind === "rebalances" && each.group === group);
  const seen = row.y - page.scroll;
  if (seen < 0 || seen > page.height - 120) scroller.scrollTop = Math.max(row.y - 60, 0);
}

/** The next rebalance (by 1) or the one before (by -1). */
function step(by) {
  const all = groups.flatMap((group) => group.rebalances.map((r) => [group, r]));
  const at = all.findIndex(([, r]) => chosen(r));
  const next = at < 0 && by < 0 ? all.length - 1 : clamp(at + by, 0, all.length - 1);
  if (all.length) jump(...all[next]);
}

function forget() {
  want("member", "");
  want("topic", "");
  choose(null, null);
  scroller.focus();
}

function switchTheme() {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
  repaint();
}
