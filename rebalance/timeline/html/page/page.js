// The page as a whole: what is seen (time, scroll, folds, filters), what is chosen, and the input
// that changes it. Everything that changes asks for one frame.

const payload = JSON.parse(byId("data").textContent);
const groups = payload.timelines.flatMap((timeline) => timeline.groups).map(decodeGroup);
const scroller = byId("scroll"), canvas = scroller.querySelector("canvas");
const page = {
  start: payload.start, end: payload.end, from: 0, to: 1, width: 0, height: 0, ratio: 1, gutter: 170, plot: 1,
  scroll: 0, frame: 0, rows: [], folded: initialFolds(groups), wanted: { member: "", topic: "" },
  chosen: null, hovered: null,
};
pen = canvas.getContext("2d", { alpha: false });

// --- what is seen -----------------------------------------------------------------------------

let asked = false;

function redraw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

const whole = () => Math.max(page.end - page.start, 1);

/** See [from, to], kept within the trace and a little beyond. */
function see(from, to) {
  const margin = whole() * 0.02;
  const length = Math.min(Math.max(to - from, 4), whole() + 2 * margin);
  const least = page.start - margin, most = page.end + margin - length;
  page.from = Math.max(Math.min(from, most), least);
  page.to = page.from + length;
  document.documentElement.dataset.from = Math.round(page.from);
  document.documentElement.dataset.to = Math.round(page.to);
  redraw();
}

const fit = () => see(page.start - whole() * 0.01, page.end + whole() * 0.01);

/** Zoom by `factor` (less than 1: closer) around what lies at `x`. */
function zoom(factor, x = page.gutter + page.plot / 2) {
  const t = tOf(x), length = (page.to - page.from) * factor;
  const least = Math.max(length, 4), most = Math.min(least, whole() * 1.04);
  see(t - ((x - page.gutter) / page.plot) * most, t + (1 - (x - page.gutter) / page.plot) * most);
}

const pan = (share) => see(
  page.from + (page.to - page.from) * share, page.to + (page.to - page.from) * share,
);

function layRows() {
  const { rows, height } = layOut(groups, page.folded, page.wanted, page.height - RULER);
  Object.assign(page, { rows, hovered: null });
  showTip(null);
  byId("height").style.height = `${Math.max(height + RULER - page.height, 0)}px`;
  page.scroll = scroller.scrollTop;
  document.documentElement.dataset.rows = rows.length;
  redraw();
}

function resize() {
  page.ratio = window.devicePixelRatio || 1;
  page.width = scroller.clientWidth;
  page.height = scroller.clientHeight;
  page.gutter = Math.min(Math.max(Math.round(page.width * 0.2), 112), 190);
  page.plot = Math.max(page.width - page.gutter - EDGE, 50);
  canvas.width = Math.round(page.width * page.ratio);
  canvas.height = Math.round(page.height * page.ratio);
  canvas.style.width = `${page.width}px`;
  canvas.style.height = `${page.height}px`;
  repaint();
  layRows();
}

function repaint() {
  widths.clear();
  readTheme(page.ratio);
  redraw();
}

// --- what is chosen ---------------------------------------------------------------------------

function choose(group, rebalance) {
  markEntry(page.chosen?.rebalance, rebalance);
  page.chosen = rebalance ? { group, rebalance } : null;
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
  if (!all.length) return;
  const at = all.findIndex(([, r]) => r === page.chosen?.rebalance);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  jump(...all[next]);
}

function toggle(key) {
  if (!page.folded.delete(key)) page.folded.add(key);
  layRows();
}

function foldAll(closed) {
  page.folded = new Set(closed ? allKeys(groups) : []);
  layRows();
}

function want(what, text) {
  byId(what).value = page.wanted[what] = text;
  layRows();
}

function forget() {
  want("member", "");
  want("topic", "");
  choose(null, null);
  scroller.focus();
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  repaint();
}

// --- input ------------------------------------------------------------------------------------

const KEYS = {
  "+": () => zoom(1 / 1.5), "=": () => zoom(1 / 1.5), "-": () => zoom(1.5), "0": fit, Home: fit,
  ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
  ArrowUp: () => scroller.scrollBy(0, -60), ArrowDown: () => scroller.scrollBy(0, 60),
  PageUp: () => scroller.scrollBy(0, -page.height * 0.8),
  PageDown: () => scroller.scrollBy(0, page.height * 0.8),
  n: () => step(1), p: () => step(-1), f: () => foldAll(true), u: () => foldAll(false),
  m: () => byId("member").focus(), "/": () => byId("topic").focus(), t: switchTheme,
  "?": () => byId("help").showModal(), Escape: forget,
};

addEventListener("keydown", (event) => {
  const typing = event.target.matches("input") && event.key !== "Escape";
  if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

/** Where an event of the pointer is on the canvas, and on which row. */
function place(event) {
  const box = canvas.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const index = y < RULER ? -1 : rowAt(page.rows, y - RULER + page.scroll);
  return { x, y, row: page.rows[index] ?? null };
}

canvas.addEventListener("wheel", (event) => {
  const { x } = place(event);
  const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (x < page.gutter && !event.ctrlKey && !sideways) return; // over the names the page scrolls
  event.preventDefault();
  if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) pan(sideways / page.plot);
  else zoom(Math.exp(Math.max(Math.min(event.deltaY, 300), -300) * 0.0018), Math.max(x, page.gutter));
}, { passive: false });

canvas.addEventListener("dblclick", (event) => {
  const { x } = place(event);
  if (x >= page.gutter) zoom(0.5, x);
});

let drag = null;

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  drag = { ...place(event), from: page.from, to: page.to, scroll: scroller.scrollTop, moved: false };
  canvas.setPointerCapture(event.pointerId);
});

canvas.addEventListener("pointermove", (event) => {
  const { x, y, row } = place(event);
  if (!drag) {
    hover(x, y, row);
    return;
  }
  if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
  if (!drag.moved) return;
  hover(x, y, null);
  canvas.style.cursor = "grabbing";
  const by = ((drag.x - x) * (drag.to - drag.from)) / page.plot;
  see(drag.from + by, drag.to + by);
  scroller.scrollTop = drag.scroll + drag.y - y;
});

canvas.addEventListener("pointerup", (event) => {
  const clicked = drag && !drag.moved;
  drag = null;
  canvas.style.cursor = "";
  if (clicked) click(place(event));
});

canvas.addEventListener("pointercancel", () => (drag = null));
canvas.addEventListener("pointerleave", () => hover(0, 0, null));

function hover(x, y, row) {
  const within = row && x >= page.gutter && x <= page.gutter + page.plot;
  page.hovered = within ? { x, row } : null;
  showTip(within ? factsAt(row, x, y) : null, x, y);
  canvas.style.cursor = row && (row.key || x < page.gutter && row.kind === "member") ? "pointer" : "";
  redraw();
}

function click({ x, row }) {
  scroller.focus({ preventScroll: true });
  if (!row) return;
  if (row.key) return toggle(row.key);
  if (row.kind === "member" && x < page.gutter) {
    return want("member", page.wanted.member === row.member.name ? "" : row.member.name);
  }
  if (row.kind === "rebalances") choose(row.group, rebalanceAt(row.group, tOf(x)));
}

scroller.addEventListener("scroll", () => {
  page.scroll = scroller.scrollTop;
  redraw();
});

for (const what of ["member", "topic"]) {
  byId(what).addEventListener("input", (event) => want(what, event.target.value));
}
document.querySelector("form[role=search]").addEventListener("submit", (event) => event.preventDefault());
for (const [id, act] of Object.entries({
  in: KEYS["+"], out: KEYS["-"], fit, fold: KEYS.f, unfold: KEYS.u, theme: switchTheme, keys: KEYS["?"],
})) byId(id).addEventListener("click", act);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new ResizeObserver(resize).observe(scroller);

// --- begin ------------------------------------------------------------------------------------

document.querySelector("h1").textContent = document.title;
byId("origin").textContent = payload.origin;
fillOptions("members", groups.flatMap((group) => group.members.map(({ name }) => name)));
fillOptions("topics", groups.flatMap((group) => group.topics.map(({ name }) => name)));
fillStory(groups, payload.note, jump, (t) => pan((t - page.from) / (page.to - page.from) - 0.5));
resize();
fit();
draw();
scroller.focus();
document.documentElement.dataset.ready = "1";

/** For scripts around the page: where things are, and what is shown. */
window.rebalanceTimeline = {
  page, xOf, tOf, see, fit,
  /** The middle of the first row of a kind whose name (a member, a topic, topic-3) is this. */
  yOf(kind, name = "") {
    const named = (row) => row.member?.name ?? (row.kind === "partition" ? `${row.topic.name}-${row.id}` : row.topic?.name ?? "");
    const row = page.rows.find((each) => each.kind === kind && (!name || named(each) === name));
    return row ? row.y + row.height / 2 - page.scroll + RULER : null;
  },
};
