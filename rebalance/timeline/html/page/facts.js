// What lies under the pointer, in words: {head, lines: [[what, value]], events: [text]}, or nothing.

const NEAR = 3, MOST_EVENTS = 8;

const when = (t) => clock(t, page.end);
const nearby = () => (NEAR * (page.to - page.from)) / page.plot;

function factsAt(row, x, y) {
  const found = facts[row.kind]?.(row, tOf(x), y);
  return found && { events: [], ...found };
}

const facts = {
  member({ member }, t) {
    const i = pieceAt(member, t);
    const lines = i < 0 ? [] : [["state", member.values[i].text], spanOf(member, i)];
    return { head: member.name, lines: [...lines, ...member.facts], events: eventsNear([member], t) };
  },
  partition({ group, topic, id, lane }, t) {
    const head = `${topic.name}-${id}`, i = pieceAt(lane, t);
    if (i < 0) return { head, lines: [["owner", "nobody, and nobody wants it"]] };
    const lines = [...lane.values[i].facts, spanOf(lane, i)];
    if (i && lane.values[i].owner < 0) lines.push(["before", lane.values[i - 1].facts[0][1]]);
    const concerned = new Set([i - 1, i, i + 1].flatMap((k) => lane.values[k]?.members ?? []));
    return { head, lines, events: eventsNear([...concerned].map((m) => group.members[m]).filter(Boolean), t) };
  },
  rebalances({ group }, t) {
    const r = rebalanceAt(group, t), rest = group.rests.find(holds(t));
    if (r) return { head: `#${r.number} ${r.why}`, lines: r.facts };
    if (!rest || rest.generation < 0) return null;
    return { head: `generation ${rest.generation}`, lines: [spanned(rest.start, rest.end)] };
  },
  nobody: ({ group }, t) => swept(group.group_id, group.sweep, group.partitions, t),
  load({ group }, t) {
    const load = group.loads.find(holds(t)), r = rebalanceAt(group, t), lines = [["at", when(t)]];
    if (load) {
      for (const what of ["members", "least", "most"]) lines.push([what, grouped(load[what])]);
      lines.push(["mean", (load.owned / Math.max(load.members, 1)).toFixed(1)]);
    }
    if (r) lines.push([`moved in #${r.number}`, grouped(r.moved)]);
    return { head: "partitions a member", lines };
  },
  /** Of a whole topic, and of the band under the pointer where it is folded. */
  topic(row, t, y) {
    const found = swept(row.topic.name, row.topic.sweep, row.topic.count, t);
    if (row.closed) found.lines.push(...inBand(row, t, y, ({ id }) => id, ({ facts }) => facts));
    return found;
  },
  /** How many members live, and where they are folded who is under the pointer. */
  heading(row, t, y) {
    const { live } = row.group, i = indexAt(live.t, t);
    const lines = [["at", when(t)], ["alive", grouped(i < 0 ? 0 : live.count[i])]];
    const state = ({ text, member }) => [["state", `${member.name} ${text}`]];
    if (row.closed) lines.push(...inBand(row, t, y, ({ name }) => name, state));
    return { head: row.label, lines };
  },
};

const spanned = (start, end) => ["from", `${when(start)} to ${when(end)} (${duration(end - start)})`];
const spanOf = ({ starts, ends }, i) => spanned(starts[i], ends[i]);

/** Of the pieces that the pointer touches the one of the highest rank, else the one at `t`. */
function pieceAt({ starts, ends, values }, t) {
  const near = nearby();
  let best = -1;
  for (let i = Math.max(indexAt(starts, t - near), 0); i < starts.length && starts[i] <= t + near; i++) {
    const covers = starts[i] <= t && t < ends[i], brief = ends[i] - starts[i] <= 2 * near;
    if (ends[i] < t - near || !(covers || brief)) continue;
    const above = best < 0 ? 1 : values[i].rank - values[best].rank;
    if (above > 0 || (above === 0 && covers)) best = i;
  }
  return best;
}

/** The lanes of the band under the pointer, and what most of them, or the most urgent one, is. */
function inBand(row, t, y, nameOf, wordsOf) {
  const band = bandAt(row, y), value = band.values[pieceAt(band, t)], many = band.count > 1;
  const names = many ? `${nameOf(band.first)} to ${nameOf(band.last)} (${band.count})` : `${nameOf(band.first)}`;
  const of = many ? (value?.urgency ? "in it: " : "most of it: ") : "";
  return [["here", names], ...(value ? wordsOf(value) : []).map(([what, told]) => [of + what, told])];
}

/** The members' events under the pointer, in order of time. */
function eventsNear(members, t) {
  const near = nearby(), close = (at) => Math.abs(at - t) <= near;
  const found = members.flatMap(({ name, events }) => events
    .filter((event) => close(event.t) || (event.length && close(event.t + event.length)))
    .map((event) => [event.t, `${name} ${event.text}${event.length ? ` after ${duration(event.length)}` : ""}`]));
  found.sort((a, b) => a[0] - b[0]);
  const shown = found.slice(0, MOST_EVENTS).map(([at, text]) => `${when(at)}  ${text}`);
  return found.length > MOST_EVENTS ? [...shown, `and ${found.length - MOST_EVENTS} more`] : shown;
}

const holds = (t) => ({ start, end }) => start <= t && t < end;
const rebalanceAt = (group, t) => group.rebalances.findLast(
  (r) => r.start_ms - nearby() <= t && t <= r.until_ms + nearby(),
);

function swept(head, sweep, total, t) {
  const i = indexAt(sweep.t, t), at = (what) => (i < 0 ? 0 : sweep[what][i]);
  const lines = [["at", when(t)], ["no owner", `${grouped(at("nobody"))} of ${counted(total, "partition")}`]];
  if (at("double")) lines.push(["owned twice", grouped(at("double"))]);
  if (at("zombie")) lines.push(["zombies", grouped(at("zombie"))]);
  return { head, lines };
}
