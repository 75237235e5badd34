// What rebalance/timeline/html/data.py wrote, decoded: relative lists become columns of instants.
// Whatever lies in time, a member's life or a partition's, is a track: from starts[i] to ends[i] it
// is values[i], the worst of which has the greatest rank.

const NOTHING = 0, OWNED = 1, NOBODY = 2, ZOMBIE = 3, DOUBLE = 4;
const STATES = ["idle", "owns", "syncing", "rejoining", "joining", "paused", "gone", "zombie"];
const MARKS = ["", "dot", "cross", "end"];
const RESTS = ["start", "end", "generation"];
const LOADS = ["start", "end", "members", "least", "most", "owned"];

function decodeGroup(group, key) {
  const states = group.states.map(([rank, owned, text]) => ({ rank, owned, text, state: STATES[rank] }));
  const members = group.members.map(({ states: flat, ...about }, index) => {
    const member = { ...about, index, events: [], marks: [] };
    return Object.assign(member, track(flat, (i) => ({ ...states[i], member, urgency: states[i].rank })));
  });
  for (const event of records(group.events, ["t", "length", "text", "member", "mark"])) {
    const { events, marks } = members[event.member];
    Object.assign(event, { text: group.texts[event.text], mark: MARKS[event.mark] });
    if (event.text) events.push(event);
    if (event.mark) marks.push(event);
  }
  return {
    ...group, key, members, topics: decodeTopics(group),
    rests: records(group.rests, RESTS, false), loads: records(group.loads, LOADS, false),
    sweep: sweep(group.sweep), live: columns(group.live, ["t", "count"]),
  };
}

/** Each with its partitions in order; partitions of one history share a lane. */
function decodeTopics(group) {
  const owners = group.owners.map(([kind, owner, members, facts]) => (
    { rank: kind, owner, members, facts, urgency: Math.max(kind - NOBODY, 0) }
  ));
  const topics = group.topics.map((topic) => ({ ...topic, sweep: sweep(topic.sweep), partitions: [] }));
  for (const { of, runs } of group.lanes) {
    const lane = track(runs, (i) => owners[i]);
    lane.ever = new Set(lane.values.flatMap(({ members }) => members));
    for (const [topic, ...ranges] of of) {
      for (let i = 0; i < ranges.length; i += 2) {
        for (let k = 0; k < ranges[i + 1]; k++) topics[topic].partitions.push({ id: ranges[i] + k, lane });
      }
    }
  }
  for (const { partitions } of topics) partitions.sort((a, b) => a.id - b.id);
  return topics;
}

/** Time since the end of the one before, length, index of the value, ... */
function track(flat, valueOf) {
  const count = flat.length / 3;
  const starts = new Float64Array(count), ends = new Float64Array(count), values = [];
  for (let i = 0, t = 0; i < count; i++) {
    starts[i] = t += flat[3 * i];
    ends[i] = t += flat[3 * i + 1];
    values.push(valueOf(flat[3 * i + 2]));
  }
  return { starts, ends, values };
}

/** A flat list as objects of these fields; the first is a time since the one before, if `relative`. */
function records(flat, fields, relative = true) {
  const found = [];
  for (let i = 0, t = 0; i < flat.length; i += fields.length) {
    const record = {};
    fields.forEach((field, k) => (record[field] = flat[i + k]));
    if (relative) record[fields[0]] = t += flat[i];
    found.push(record);
  }
  return found;
}

/** The same as a list for each field: a number holds from its instant to the next. */
function columns(flat, fields) {
  const found = records(flat, fields);
  return Object.fromEntries(fields.map((field) => [field, Float64Array.from(found, (each) => each[field])]));
}

/** How many have no owner, two, a zombie, and how many are wrong in one of the last two ways. */
function sweep(flat) {
  const found = columns(flat, ["t", "nobody", "double", "zombie"]);
  return { ...found, wrong: found.double.map((n, i) => n + found.zombie[i]) };
}

/** The last index whose instant is not after `t`; -1: none. */
function indexAt(instants, t) {
  let low = 0, high = instants.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (instants[middle] <= t) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
