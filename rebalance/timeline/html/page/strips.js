// Rows about a whole group: its title, its rebalances and generations, partitions without an owner,
// load and moves, headings. Each painter has `label` (the gutter) and `plot` (what lies in time).

const fact = (value, text) => (value ? [text(value)] : []);

/** The headline of the text picture, in one line; where there is little room without what the
 * other facts nearly say. */
function headline(group, room = Infinity) {
  const { metrics } = group;
  const view = metrics.member_view ?? metrics.coordinator_view;
  const facts = [
    counted(metrics.members, "member"),
    counted(view?.partitions ?? 0, "partition"),
    duration(metrics.duration_ms),
    counted(metrics.rebalances, "rebalance"),
    ...fact(view?.double_owned_partition_ms, (ms) => `double-owned ${grouped(ms)} partition-ms`),
    ...fact(view?.zombie_partition_ms, (ms) => `zombie ${grouped(ms)} partition-ms`),
    ...fact(view, (v) => `unavailable ${grouped(v.unavailable_partition_ms)} partition-ms`),
    ...fact(view, (v) => `moved ${grouped(v.partitions_moved)}`),
    ...fact(metrics.commits_refused, (n) => `${counted(n, "commit")} refused`),
    ...fact(metrics.time_to_stable_max_ms, (ms) => `slowest ${duration(ms)}`),
    ...fact(view?.longest_unavailable_ms, (ms) => `longest without owner ${duration(ms)}`),
  ];
  while (room < Infinity && facts.length > 4 && widthOf(facts.join(" · ")) > room) facts.pop();
  return facts.join(" · ");
}

/** A timeline's title, where the page has more than one, and the group's name. */
const nameOf = (group) => (
  [...new Set([timelines.length > 1 ? group.title : "", group.group_id])].filter(Boolean).join(" · ")
);

const strips = {
  title: {
    label({ group }, y) {
      bar(theme.ground, 0, y + 6, page.width, 36); // no line of the grid through the words
      write(fitted(nameOf(group), page.width - 24, "bold"), 12, y + 19, theme.ink, "bold");
      write(fitted(headline(group, page.width - 24), page.width - 24), 12, y + 36, theme.dim);
    },
    plot() {},
  },
  rebalances: {
    label: (row, y) => write("rebalances", 12, y + 21, theme.ink),
    plot({ group }, y) {
      const { rebalances } = group, right = page.gutter + page.plot;
      let last = -1, free = page.gutter;
      for (let i = firstVisible(rebalances); i < rebalances.length; i++) {
        const r = rebalances[i], x = xOf(r.start_ms);
        if (x > page.width) break;
        const end = Math.max(xOf(r.until_ms), x + 2);
        const next = i + 1 < rebalances.length ? xOf(rebalances[i + 1].start_ms) : right;
        if (end - last < 1) continue;
        last = end;
        stages(r, x, end, y + 17, 9);
        free = rebalanceLabel(r, x, Math.min(next, right), y + 13, free);
        generationLabel(r, end, Math.min(next, right), y + 25);
      }
    },
  },
  nobody: {
    label(row, y) {
      write("no owner", 12, y + 19, theme.ink);
    },
    plot: ({ group }, y, height) => areas(group.sweep, group.partitions, y + 3, height - 6),
  },
  load: {
    label(row, y) {
      write("load, moves", 12, y + 22, theme.ink);
    },
    plot: loadAndMoves,
  },
  heading: {
    label: (row, y, height) => heading(row, row.label, y, height),
    plot: (row, y, height) => row.closed && folded(row, y, height, memberInk),
  },
  topic: {
    label({ topic, shown, ...row }, y, height) {
      const total = topic.partitions.length, some = shown.length;
      const of = some < total ? `${grouped(some)} of ${grouped(total)}` : grouped(total);
      heading(row, topic.name, y, height, of);
    },
    plot(row, y, height) {
      if (!row.closed) return;
      folded(row, y, height, partitionInk(row.group, row.chosen));
      // Whatever lane it is in, and however briefly, nobody shall miss it.
      columns(row.topic.sweep.t, row.topic.sweep.wrong, (n) => (n ? 3 : 0), y + height - 4, theme.bad, theme.bad);
    },
  },
  space: { label() {}, plot() {} },
};

function heading(row, text, y, height, note = "") {
  const base = y + Math.min(height / 2, 20) + 4;
  write(row.closed ? "▸" : "▾", 12, base, theme.dim);
  const room = page.gutter - 34;
  const tail = note ? ` ${note}` : "";
  const name = fitted(text, room - widthOf(tail), "bold");
  write(name, 26, base, theme.ink, "bold");
  write(tail, 26 + widthOf(name, "bold"), base, theme.dim);
}

/** The first rebalance that may be seen: they are in order of time and seldom overlap. */
function firstVisible(rebalances) {
  let i = rebalances.findIndex((r) => r.until_ms >= page.from);
  if (i < 0) i = rebalances.length;
  return i;
}

const STAGES = { revoke: 0.45, join: 1, sync: 0.7, settle: 0.3 };

/** A rebalance's block, its stages in shades of one colour. */
function stages(r, x, end, y, height) {
  pen.fillStyle = theme.busy;
  const parts = r.stages.filter(([, from, to]) => xOf(to) - xOf(from) >= 1);
  if (parts.length < 2) {
    pen.globalAlpha = STAGES[parts[0]?.[0]] ?? 1;
    pen.fillRect(x, y, end - x, height);
    pen.globalAlpha = 1;
    return;
  }
  for (const [name, from, to] of parts) {
    pen.globalAlpha = STAGES[name] ?? 1;
    pen.fillRect(xOf(from), y, xOf(to) - xOf(from), height);
  }
  pen.globalAlpha = 1;
}

const causeOf = (r) => {
  const word = r.cause_source === "script" ? `${r.cause} (script)` : r.cause;
  return r.member ? `${word}: ${r.member}` : word;
};

/** As many words as there is room for from `free` on until the next one begins; at the right edge the
 * number stands before it. Returns where the words end. */
function rebalanceLabel(r, x, next, y, free) {
  const style = chosen(r) ? "bold" : "", least = `#${r.number}`;
  const from = Math.max(x, free), edge = page.gutter + page.plot - widthOf(least, style);
  const texts = [`${least} ${causeOf(r)}`, `${least} ${r.cause}`, least];
  const text = texts.find((option) => widthOf(option, style) <= next - from - 4);
  const squeezed = !text && next > edge && edge > free + 6;
  if (!text && !squeezed) return free;
  const at = squeezed ? edge : from;
  write(text ?? least, at, y, chosen(r) ? theme.accent : theme.ink, style);
  return at + widthOf(text ?? least, style);
}

function generationLabel(r, end, next, y) {
  if (r.generation_to === null) return;
  const text = [`generation ${r.generation_to}`, `${r.generation_to}`]
    .find((option) => widthOf(option) <= next - end - 12);
  if (text) write(text, Math.max(end, page.gutter) + 5, y, theme.dim);
}

/** The share of partitions without an owner (hatched), with a zombie, with two owners (red). */
function areas({ t, nobody, double, zombie }, total, y, height) {
  pen.fillStyle = theme.faint;
  pen.fillRect(page.gutter, y, page.plot, height);
  const scaled = (n) => (n ? Math.max((n * height) / total, 2) : 0);
  columns(t, nobody, scaled, y + height, theme.idle, theme.hatch);
  columns(t, nobody, scaled, y + height, theme.nobody, theme.hatch);
  columns(t, zombie, scaled, y + height, theme.zombie, theme.bad);
  columns(t, double, scaled, y + height, theme.double, theme.bad);
}

/** Steps over time as columns of whole pixels that stand on `floor`; of a pixel the highest. A hatching
 * needs some width: what has less is `narrow`. */
function columns(t, values, heightOf, floor, wide, narrow) {
  const highs = new Float64Array(Math.ceil(page.width) + 1);
  for (let i = Math.max(indexAt(t, page.from), 0); i + 1 < t.length && t[i] <= page.to; i++) {
    const height = heightOf(values[i]);
    if (!height) continue;
    const first = Math.max(Math.floor(xOf(t[i])), page.gutter);
    const beyond = Math.min(Math.max(Math.ceil(xOf(t[i + 1])), first + 1), highs.length);
    for (let x = first; x < beyond; x++) highs[x] = Math.max(highs[x], height);
  }
  for (let x = page.gutter, first = x; x <= highs.length; x++) { // beyond the last one: undefined
    if (highs[x] === highs[first]) continue;
    if (highs[first]) bar(x - first < 4 ? narrow : wide, first, floor - highs[first], x - first, highs[first]);
    first = x;
  }
}

function loadAndMoves({ group }, y, height) {
  const floor = y + height - 4, room = height - 10;
  const at = (load) => floor - (load * room) / group.most;
  for (const load of group.loads) {
    const x = Math.max(xOf(load.start), page.gutter), end = Math.min(xOf(load.end), page.width);
    if (end <= page.gutter || x >= page.width || !load.members) continue;
    pen.fillStyle = theme.idle;
    pen.fillRect(x, at(load.most) - 1, end - x, at(load.least) - at(load.most) + 2);
    pen.fillStyle = theme.ink;
    pen.fillRect(x, at(load.mean) - 0.5, end - x, 1);
    const range = load.least === load.most ? `${load.most}` : `${load.least}–${load.most}`;
    const text = [`${range} each`, range].find((option) => widthOf(option) + 14 < end - x);
    const above = at(load.most) - 4;
    const within = above <= y + 11;
    if (text && within && load.least < load.most) outline(text, x + 10, floor - 2, theme.idle);
    if (text) write(text, x + 10, within ? Math.min(at(load.least) + 13, floor - 2) : above, theme.dim);
  }
  pen.fillStyle = theme.busy;
  for (const r of group.rebalances) {
    const x = xOf(r.until_ms);
    if (!r.partitions_moved || x < page.gutter - 4 || x > page.width) continue;
    const high = Math.max((r.partitions_moved * room) / group.mostMoved, 2);
    pen.fillRect(x - 2, floor - high, 4, high);
  }
}
