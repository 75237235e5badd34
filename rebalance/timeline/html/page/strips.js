// Rows about a whole group: its title, its rebalances and generations, partitions without an owner,
// load and moves, headings.

const SHADES = { revoke: 0.45, join: 1, sync: 0.7, settle: 0.3 };

const strips = {
  title: {
    label({ group: { name, extent, costs } }, y) {
      const room = page.width - 24, title = fitted(name, room / 2, "bold"), x = 24 + widthOf(title, "bold");
      bar(theme.ground, 0, y + 6, page.width, 36); // no line of the grid through the words
      write(title, 12, y + 19, theme.ink, "bold");
      write(asMany(extent, room - x), x, y + 19, theme.dim);
      write(asMany(costs, room), 12, y + 36, theme.dim);
    },
  },
  rebalances: { label: (row, y) => write("rebalances", 12, y + 21, theme.ink), plot: rebalances },
  nobody: { label: (row, y) => write("no owner", 12, y + 19, theme.ink), plot: unowned },
  load: { label: (row, y) => write("load, moves", 12, y + 22, theme.ink), plot: loadAndMoves },
  heading: {
    label: (row, y, height) => heading(row, row.label, "", y, height),
    plot: (row, y, height) => row.closed && folded(row, y, height),
  },
  topic: {
    label({ topic, shown, ...row }, y, height) {
      const all = grouped(topic.count);
      heading(row, topic.name, shown.length < topic.count ? `${grouped(shown.length)} of ${all}` : all, y, height);
    },
    plot(row, y, height) {
      if (!row.closed) return;
      folded(row, y, height);
      // Whatever lane it is in, and however briefly, nobody shall miss it.
      steps(row.topic.sweep.t, row.topic.sweep.wrong, (n) => (n ? 3 : 0), y + height - 4, theme.bad, theme.bad);
    },
  },
  nothing: {
    label({ wanted }, y) {
      const parts = ["member", "topic"].filter((what) => wanted[what]).map((what) => `${what} “${wanted[what]}”`);
      write(fitted(`nothing fits ${parts.join(" and ")}: Esc shows all`, page.width - 24), 12, y + 24, theme.ink);
    },
  },
  space: {},
};

function heading({ closed }, text, note, y, height) {
  const base = y + Math.min(height / 2, 20) + 4, tail = note && ` ${note}`;
  const name = fitted(text, page.gutter - 34 - widthOf(tail), "bold");
  write(closed ? "▸" : "▾", 12, base, theme.dim);
  write(name, 26, base, theme.ink, "bold");
  write(tail, 26 + widthOf(name, "bold"), base, theme.dim);
}

/** Each with its stages, as many words as there is room for until the next one, and between them the
 * generations. */
function rebalances({ group }, y) {
  const right = page.gutter + page.plot, seen = group.rebalances.filter(
    (r) => r.until_ms >= page.from && r.start_ms <= page.to,
  );
  let last = -1, free = page.gutter;
  seen.forEach((r, i) => {
    const x = xOf(r.start_ms), end = Math.max(xOf(r.until_ms), x + 2);
    if (end - last < 1) return;
    last = end;
    stages(r, x, end, y + 17);
    free = label(r, x, Math.min(i + 1 < seen.length ? xOf(seen[i + 1].start_ms) : right, right), y + 13, free);
  });
  for (const { start, end, generation } of group.rests) {
    if (generation < 0 || end < page.from || start > page.to) continue;
    const x = Math.max(xOf(start), page.gutter) + 5, room = Math.min(xOf(end), right) - x - 7;
    const text = fitting([`generation ${generation}`, `${generation}`], room);
    if (text) write(text, x, y + 25, theme.dim);
  }
}

/** A rebalance's block, its stages in shades of one colour. */
function stages(r, x, end, y) {
  const parts = r.stages.filter(([, from, to]) => xOf(to) - xOf(from) >= 1);
  if (parts.length < 2) return bar(theme.busy, x, y, end - x, 9, SHADES[parts[0]?.[0]] ?? 1);
  for (const [name, from, to] of parts) bar(theme.busy, xOf(from), y, xOf(to) - xOf(from), 9, SHADES[name]);
}

/** A number may reach over the next one, which then has none; at the right edge it stands before it.
 * Returns where the words end. */
function label(r, x, next, y, free) {
  const style = chosen(r) ? "bold" : "", least = `#${r.number}`, from = Math.max(x, free);
  const edge = page.gutter + page.plot - widthOf(least, style);
  const fits = fitting([`${least} ${r.why}`, `${least} ${r.cause}`, least], next - from - 4, style);
  const text = fits ?? (x >= free && x <= edge ? least : "");
  if (!text && !(next > edge && edge > free)) return free;
  const at = text ? from : edge;
  write(text || least, at, y, chosen(r) ? theme.accent : theme.ink, style);
  return at + widthOf(text || least, style) + 6;
}

/** The share of partitions without an owner (hatched), with a zombie, with two owners (red). */
function unowned({ group }, y, height) {
  const { t, nobody, double, zombie } = group.sweep, floor = y + height - 3;
  const scaled = (n) => (n ? Math.max((n * (height - 6)) / group.partitions, 2) : 0);
  bar(theme.faint, page.gutter, y + 3, page.plot, height - 6);
  steps(t, nobody, scaled, floor, theme.hatched.strip, theme.hatch);
  steps(t, zombie, scaled, floor, theme.hatched[ZOMBIE], theme.bad);
  steps(t, double, scaled, floor, theme.hatched[DOUBLE], theme.bad);
}

/** Steps over time as columns of whole pixels that stand on `floor`; of a pixel the highest. A hatching
 * needs some width: what has less is `narrow`. */
function steps(t, values, heightOf, floor, wide, narrow) {
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

/** Between rebalances what the least and the most loaded member own, and the mean; a bar for what each
 * rebalance moved. */
function loadAndMoves({ group }, y, height) {
  const floor = y + height - 4, room = height - 10;
  const at = (load) => floor - (load * room) / group.most;
  for (const { start, end, members, least, most, owned } of group.loads) {
    if (!members || end < page.from || start > page.to) continue;
    const x = Math.max(xOf(start), page.gutter), width = Math.min(xOf(end), page.width) - x;
    bar(theme.idle, x, at(most) - 1, width, at(least) - at(most) + 2);
    bar(theme.ink, x, at(owned / members) - 0.5, width, 1);
    const range = least === most ? `${most}` : `${least}–${most}`;
    const text = fitting([`${range} each`, range], width - 14), above = at(most) - 4;
    const base = above > y + 11 ? above : Math.min(at(least) + 13, floor - 2);
    if (text) bar(theme.ground, x + 8, base - 10, widthOf(text) + 4, 12, 0.8);
    if (text) write(text, x + 10, base, theme.dim);
  }
  for (const { moved, until_ms: t } of group.rebalances) {
    if (!moved || t < page.from || t > page.to) continue;
    const high = Math.max((moved * room) / group.most_moved, 2);
    bar(theme.busy, xOf(t) - 2, floor - high, 4, high);
  }
}
