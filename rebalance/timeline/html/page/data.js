// What rebalance/timeline/html/data.py wrote, decoded: relative lists become columns of instants.

const STATES = ["idle", "joining", "syncing", "owns", "rejoining", "paused", "zombie", "gone"];
const NOTHING = 0, OWNED = 1, NOBODY = 2, ZOMBIE = 3, DOUBLE = 4; // the worst is the greatest

function decode(payload) {
  return payload.timelines.map((timeline, index) => ({
    ...timeline,
    groups: timeline.groups.map((group, i) => decodeGroup(group, `${index}.${i}`, timeline.title)),
  }));
}

function decodeGroup(group, key, title) {
  const owners = group.owners.map(([owners, zombies, wanted]) => ({
    owners, zombies, wanted,
    kind: owners.length > 1 ? DOUBLE : zombies.length ? ZOMBIE
      : owners.length ? OWNED : wanted ? NOBODY : NOTHING,
  }));
  const lanes = group.lanes.map((lane) => decodeLane(lane, owners));
  const members = group.members.map(decodeMember);
  decodeEvents(group, members);
  const topics = group.topics.map((name) => ({ name, partitions: [], parts: [] }));
  for (const lane of lanes) {
    for (const [topic, ...runs] of lane.of) {
      let count = 0;
      for (let i = 0; i < runs.length; i += 2) {
        count += runs[i + 1];
        for (let id = runs[i]; id < runs[i] + runs[i + 1]; id++) {
          topics[topic].partitions.push({ id, lane });
        }
      }
      topics[topic].parts.push([lane, count]);
    }
  }
  for (const topic of topics) {
    topic.partitions.sort((a, b) => a.id - b.id);
    topic.sweep = sweep(topic.parts);
  }
  const decoded = { ...group, key, title, members, topics };
  decoded.sweep = sweep(topics.flatMap((topic) => topic.parts));
  decoded.live = liveMembers(members);
  decoded.partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  decoded.most = members.reduce((most, m) => m.owned.reduce((a, b) => Math.max(a, b), most), 1);
  decoded.loads = loadsAtRest(decoded);
  decoded.mostMoved = group.rebalances.reduce((a, r) => Math.max(a, r.partitions_moved), 1);
  return decoded;
}

/** Runs as columns; `ever` has every member that ever owned or believed. */
function decodeLane({ of, runs }, owners) {
  const count = runs.length / 3;
  const starts = new Float64Array(count), ends = new Float64Array(count);
  const who = [], ever = new Set();
  for (let i = 0, t = 0; i < count; i++) {
    starts[i] = t += runs[3 * i];
    ends[i] = t += runs[3 * i + 1];
    who.push(owners[runs[3 * i + 2]]);
    for (const member of who[i].owners) ever.add(member);
    for (const member of who[i].zombies) ever.add(member);
  }
  return { of, starts, ends, who, ever };
}

function decodeMember(member, index) {
  const count = member.states.length / 4;
  const starts = new Float64Array(count), ends = new Float64Array(count);
  const owned = new Int32Array(count), state = [];
  for (let i = 0, t = 0; i < count; i++) {
    starts[i] = t += member.states[4 * i];
    ends[i] = t += member.states[4 * i + 1];
    state.push(STATES[member.states[4 * i + 2]]);
    owned[i] = member.states[4 * i + 3];
  }
  return { ...member, index, starts, ends, owned, state, events: [] };
}

function decodeEvents(group, members) {
  const flat = group.events;
  for (let i = 0, t = 0; i < flat.length; i += 4) {
    t += flat[i];
    members[flat[i + 2]].events.push({ t, kind: group.kinds[flat[i + 1]], generation: flat[i + 3] });
  }
}

/** How many of these partitions nobody, several or zombies had, from each instant `t[i]` on. */
function sweep(parts) {
  const changes = new Map();
  const change = (t, which, by) => {
    let entry = changes.get(t);
    if (!entry) changes.set(t, (entry = [0, 0, 0]));
    entry[which] += by;
  };
  for (const [{ starts, ends, who }, count] of parts) {
    for (let i = 0; i < starts.length; i++) {
      const { kind, wanted, owners } = who[i];
      const which = kind === DOUBLE ? 1 : kind === ZOMBIE ? 2 : kind === NOBODY ? 0 : -1;
      if (which >= 0) {
        change(starts[i], which, count);
        change(ends[i], which, -count);
      }
      if (kind === ZOMBIE && wanted && !owners.length) {
        change(starts[i], 0, count);
        change(ends[i], 0, -count);
      }
    }
  }
  const t = Float64Array.from(changes.keys()).sort();
  const levels = [0, 1, 2].map(() => new Int32Array(t.length));
  const now = [0, 0, 0];
  t.forEach((at, i) => changes.get(at).forEach((by, k) => (levels[k][i] = now[k] += by)));
  const wrong = levels[1].map((double, i) => double + levels[2][i]);
  return { t, nobody: levels[0], double: levels[1], zombie: levels[2], wrong };
}

/** How many members were alive from each instant on. */
function liveMembers(members) {
  const changes = new Map();
  const change = (t, by) => changes.set(t, (changes.get(t) ?? 0) + by);
  for (const { starts, ends, state } of members) {
    for (let i = 0; i < starts.length; i++) {
      if (state[i] === "gone") continue;
      change(starts[i], 1);
      change(ends[i], -1);
    }
  }
  const t = Float64Array.from(changes.keys()).sort();
  const count = new Int32Array(t.length);
  let most = 1;
  t.forEach((at, i) => {
    count[i] = (i ? count[i - 1] : 0) + changes.get(at);
    most = Math.max(most, count[i]);
  });
  return { t, count, most };
}

/** From the end of each rebalance to the next: least, most and mean that a live member owned. */
function loadsAtRest(group) {
  const { rebalances, members } = group;
  if (rebalances.length * members.length > 2e6) return [];
  return rebalances.map((r, i) => {
    const end = rebalances[i + 1]?.start_ms ?? group.end;
    const start = Math.min(r.stages.at(-1)?.[2] ?? r.until_ms, end);
    const owned = [];
    for (const member of members) {
      const k = indexAt(member.starts, start);
      if (k >= 0 && start < member.ends[k] && member.state[k] !== "gone") owned.push(member.owned[k]);
    }
    const [least, most] = owned.length ? [Math.min(...owned), Math.max(...owned)] : [0, 0];
    const mean = owned.reduce((a, b) => a + b, 0) / Math.max(owned.length, 1);
    return { start, end, members: owned.length, least, most, mean };
  }).filter(({ start, end }) => start < end);
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
