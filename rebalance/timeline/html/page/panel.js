// What stands around the canvas: the story in words and the tooltip. Names out of a trace become text
// nodes, never markup.

const byId = (id) => document.getElementById(id);

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const pairs = (lines) => element("dl", "", ...lines.flatMap(
  ([what, value]) => [element("dt", "", what), element("dd", "", value)],
));

/** The list of causes; `jump(group, rebalance)` and `show(t)` when one is pressed. */
function fillStory(groups, note, jump, show) {
  const story = byId("story");
  if (note) story.append(element("p", "note", note));
  for (const group of groups) {
    const entries = [
      ...group.asides.map(([t, at, text]) => [t, asideEntry(at, text, () => show(t))]),
      ...group.rebalances.map((r) => [r.start_ms, rebalanceEntry(group, r, () => jump(group, r))]),
    ].sort((a, b) => a[0] - b[0]);
    story.append(
      element("h2", "", group.name), element("p", "headline", [...group.extent, ...group.costs].join(" · ")),
      ...group.notes.map((text) => element("p", "note", text)),
      element("ol", "", ...entries.map(([, button]) => element("li", "", button))),
    );
  }
}

function rebalanceEntry(group, r, press) {
  const costs = r.costs.map((text) => element("span", "", text));
  r.entry = pressed("rebalance", press,
    element("span", "number", `#${r.number}`), element("span", "at", r.at), element("span", "took", r.took),
    element("strong", "", r.why), element("span", "cost", ...costs));
  Object.assign(r.entry.dataset, { group: group.key, number: r.number });
  return r.entry;
}

const asideEntry = (at, text, press) => (
  pressed("aside", press, element("span", "at", at), element("span", "", text))
);

function pressed(className, press, ...children) {
  const button = Object.assign(element("button", className, ...children), { type: "button" });
  button.addEventListener("click", press);
  return button;
}

/** The details stand under the entry that was chosen. */
function markEntry(before, now) {
  before?.entry.parentNode.querySelector("dl").remove();
  before?.entry.removeAttribute("aria-current");
  if (!now) return;
  now.entry.setAttribute("aria-current", "true");
  now.entry.after(pairs(now.facts));
  now.entry.parentNode.scrollIntoView({ block: "nearest" });
}

function showTip(facts, x, y) {
  const tip = byId("tip");
  tip.hidden = !facts;
  if (!facts) return;
  tip.replaceChildren(element("strong", "", facts.head), pairs(facts.lines));
  if (facts.events.length) tip.append(element("ul", "", ...facts.events.map((text) => element("li", "", text))));
  const left = x + 16 + tip.offsetWidth > page.width ? Math.max(x - 16 - tip.offsetWidth, 4) : x + 16;
  const top = Math.min(y + 18, Math.max(page.height - tip.offsetHeight - 4, 4));
  tip.style.transform = `translate(${left}px, ${top}px)`;
}

/** What the filters propose. */
function fillOptions(id, names) {
  const proposed = [...new Set(names)].slice(0, 1000);
  byId(id).append(...proposed.map((value) => Object.assign(element("option", ""), { value })));
}
