// What keys, buttons, wheel and pointer do, and what the page begins with.

const KEYS = {
  "+": () => zoom(1 / 1.5), "-": () => zoom(1.5), "0": fit,
  ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
  ArrowUp: () => scroller.scrollBy(0, -60), ArrowDown: () => scroller.scrollBy(0, 60),
  PageUp: () => scroller.scrollBy(0, -page.height * 0.8),
  PageDown: () => scroller.scrollBy(0, page.height * 0.8),
  n: () => step(1), p: () => step(-1), f: () => foldAll(true), u: () => foldAll(false),
  m: () => byId("member").focus(), "/": () => byId("topic").focus(), t: switchTheme,
  "?": () => byId("help").showModal(), Escape: forget,
};
Object.assign(KEYS, { "=": KEYS["+"], Home: fit });

addEventListener("keydown", (event) => {
  const typing = event.target.matches("input") && event.key !== "Escape";
  if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => KEYS[button.dataset.key]());
}
for (const what of ["member", "topic"]) {
  byId(what).addEventListener("input", (event) => want(what, event.target.value));
}
document.querySelector("form[role=search]").addEventListener("submit", (event) => event.preventDefault());

// --- wheel and pointer ------------------------------------------------------------------------

let drag = null;

/** Where an event of the pointer is on the canvas, and on which row. */
function place(event) {
  const box = canvas.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  return { x, y, row: y < RULER ? undefined : page.rows[rowAt(page.rows, y - RULER + page.scroll)] };
}

canvas.addEventListener("wheel", (event) => {
  const { x } = place(event);
  const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (x < page.gutter && !event.ctrlKey && !across) return; // over the names the page scrolls
  event.preventDefault();
  if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) pan(across / page.plot);
  else zoom(Math.exp(clamp(event.deltaY, -300, 300) * 0.0018), Math.max(x, page.gutter));
}, { passive: false });

canvas.addEventListener("dblclick", (event) => {
  const { x } = place(event);
  if (x >= page.gutter) zoom(0.5, x);
});

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  drag = { ...place(event), from: page.from, to: page.to, scroll: scroller.scrollTop, moved: false };
  canvas.setPointerCapture(event.pointerId);
});

canvas.addEventListener("pointermove", (event) => {
  const { x, y, row } = place(event);
  if (!drag) return hover(x, y, row);
  drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > 4;
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
  canvas.style.cursor = row && (row.key || (x < page.gutter && row.member)) ? "pointer" : "";
  redraw();
}

function click({ x, row }) {
  scroller.focus({ preventScroll: true });
  if (row?.key) toggle(row.key);
  else if (row?.kind === "rebalances") choose(row.group, rebalanceAt(row.group, tOf(x)));
  else if (row?.member && x < page.gutter) {
    want("member", page.wanted.member === row.member.name ? "" : row.member.name);
  }
}

scroller.addEventListener("scroll", () => {
  page.scroll = scroller.scrollTop;
  redraw();
});
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
  page, xOf, tOf, see,
  /** The middle of the first row of a kind whose name (a member, a topic, topic-3) is this. */
  yOf(kind, name = "") {
    const nameOf = ({ member, topic, id }) => member?.name ?? `${topic?.name}${id === undefined ? "" : `-${id}`}`;
    const row = page.rows.find((each) => each.kind === kind && (!name || nameOf(each) === name));
    return row ? row.y + row.height / 2 - page.scroll + RULER : null;
  },
};
