// What stands around the canvas: the story in words, the tooltip, the legend. Names out of a trace
// become text nodes, never markup.

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
function fillStory(timelines, groupsLeftOut, jump, show) {
  if (groupsLeftOut) byId("story").append(element("p", "note", `Left out of this page: ${counted(groupsLeftOut, "group")}.`));
  for (const group of timelines.flatMap((timeline) => timeline.groups)) {
    const list = element("ol", "");
    const entries = [
      ...group.rebalances.map((r) => [r.start_ms, 1, rebalanceEntry(group, r, jump)]),
      ...group.asides.map(([t, text]) => [t, 0, asideEntry(t, text, show)]),
    ].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    list.append(...entries.map(([, , item]) => item));
    byId("story").append(
      element("h2", "", nameOf(group)), element("p", "headline", headline(group)),
      ...leftOut(group).map((text) => element("p", "note", text)), list,
    );
  }
}

function rebalanceEntry(group, r, jump) {
  const took = r.end_ms === null ? r.outcome : `+${duration(r.end_ms - r.start_ms)}`;
  const costs = [
    `moved ${grouped(r.partitions_moved)}`,
    ...fact(r.partitions_stopped, (n) => `stopped ${grouped(n)}`),
    `unavailable ${grouped(r.unavailable_partition_ms)} partition-ms`,
  ];
  const button = element("button", "rebalance",
    element("span", "number", `#${r.number}`), element("span", "at", when(r.start_ms)),
    element("span", "took", took), element("strong", "", causeOf(r)),
    element("span", "cost", ...costs.map((text) => element("span", "", text))));
  button.type = "button";
  button.dataset.group = group.key;
  button.dataset.number = r.number;
  button.addEventListener("click", () => jump(group, r));
  return (r.entry = element("li", "", button));
}

function asideEntry(t, text, show) {
  const button = element("button", "aside", element("span", "at", when(t)), element("span", "", text));
  button.type = "button";
  button.addEventListener("click", () => show(t));
  return element("li", "", button);
}

const notHere = (what) => `Left out of this page: ${what}. The numbers count them.`;

function leftOut(group) {
  const told = Object.entries(group.left_out).map(([what, n]) => `${grouped(n)} ${what}`);
  return [
    ...(told.length ? [notHere(told.join(", "))] : []),
    ...(group.step_ms ? [`Drawn in steps of ${duration(group.step_ms)}. The numbers are exact.`] : []),
    ...(group.note ? [group.note] : []),
  ];
}

/** The details stand under the entry that was chosen. */
function markEntry(before, now) {
  before?.entry.querySelector("dl")?.remove();
  before?.entry.firstChild.removeAttribute("aria-current");
  if (!now) return;
  now.entry.firstChild.setAttribute("aria-current", "true");
  now.entry.append(pairs(rebalanceFacts(now)));
  now.entry.scrollIntoView({ block: "nearest" });
}

function showTip(facts, x, y) {
  const tip = byId("tip");
  if (!facts) {
    tip.hidden = true;
    return;
  }
  const events = facts.events.map((text) => element("li", "", text));
  tip.replaceChildren(element("strong", "", facts.head), pairs(facts.lines));
  if (events.length) tip.append(element("ul", "", ...events));
  tip.hidden = false;
  const left = x + 16 + tip.offsetWidth > page.width ? Math.max(x - 16 - tip.offsetWidth, 4) : x + 16;
  const top = Math.min(y + 18, Math.max(page.height - tip.offsetHeight - 4, 4));
  tip.style.transform = `translate(${left}px, ${top}px)`;
}

const LEGEND = [
  ["owned", "owned by a member"], ["nobody", "nobody's"], ["double", "owned twice"],
  ["zombie", "zombie"], ["joins", "joins or waits"], ["still", "stands still"],
  ["gone", "gone, not noticed"], ["end", "closed"], ["cross", "crashed"], ["dot", "refused or lost"],
  ["stages", "revoke, join, sync, settle"],
];

function fillLegend() {
  byId("legend").append(...LEGEND.map(
    ([name, text]) => element("span", "", element("i", `swatch ${name}`), text),
  ));
}

function fillHeader(timelines) {
  const groups = timelines.flatMap((timeline) => timeline.groups);
  document.querySelector("h1").textContent = document.title;
  const views = new Set(groups.map(({ view }) => view));
  const began = groups[0].started_at_ms;
  byId("origin").textContent = [
    `traced by ${[...new Set(groups.map(({ source }) => source))].join(", ")}`,
    ...(began !== null ? [`0 s is ${new Date(began).toISOString().slice(0, 19).replace("T", " ")} UTC`]
      : groups[0].clock === "virtual" ? ["virtual time"] : []),
    ...(views.has("member") ? ["ownership as members saw it"] : []),
    ...(views.has("coordinator") ? ["ownership as the coordinator told it"] : []),
  ].join(" · ");
  const options = (id, names) => byId(id).append(...[...new Set(names)].slice(0, 1000).map((name) => {
    const option = element("option", "");
    option.value = name;
    return option;
  }));
  options("members", groups.flatMap((group) => group.members.map(({ name }) => name)));
  options("topics", groups.flatMap((group) => group.topics.map(({ name }) => name)));
}
