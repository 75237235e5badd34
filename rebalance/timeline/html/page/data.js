// What rebalance/timeline/html/data.py wrote, decoded: relative lists become columns of instants.

const PHASES = ["idle", "joining", "owns", "rejoining", "paused", "zombie"];
const NOTHING = 0, OWNED = 1, NOBODY = 2, ZOMBIE = 3, DOUBLE = 4; // the worst is the greatest

function decode(payload) {
  return payload.timelines.map((timeline, index) => ({
    ...timeline,
    index,
    groups: timeline.groups.map((group, i) => decodeGroup(group, `${index}.${i}`, timeline)),
  }));
}

function decodeGroup(group, key, timeline) {
  const states = group.states.map(([owners, zombies, wanted]) => ({
    owners, zombies, wanted,
    kind: owners.length > 1 ? DOUBLE : zombies.length ? ZOMBIE
      : owners.length ? OWNED : wanted ? NOBODY : NOTHING,
  }));
  const histories = group.histories.map((history) => decodeHistory(history, states));
  const members = group.members.map(decodeMember);
  decodeEvents(group, members);
  const topics = group.topics.map((name) => ({ name, partitions: [], parts: [] }));
  for (const history of histories) {
    for (const [topic, ...runs] of history.of) {
      let count = 0;
      for (let i = 0; i < runs.length; i += 2) {
        count += runs[i + 1];
        for (let id = runs[i]; id < runs[i] + runs[i + 1]; id++) {
          topics[topic].partitions.push({ id, history });
        }
      }
      topics[topic].parts.push([history, count]);
    }
  }
  for (const topic of topics) {
    topic.partitions.sort((a, b) => a.id - b.id);
    topic.sweep = sweep(topic.parts, states);
  }
  const decoded = { ...group, key, timeline, states, histories, members, topics };
  decoded.sweep = sweep(topics.flatMap((topic) => topic.parts), states);
  decoded.live = liveMembers(members);
  decoded.partitions = topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  decoded.most = members.reduce((most, m) => m.owned.reduce((a, b) => Math.max(a, b), most), 1);
  decoded.loads = loadsAtRest(decoded);
  return decoded;
}

/** Stretches as columns; `ever` has every member that ever owned or believed. */
function decodeHistory({ of, stretches }, states) {
  const count = stretches.length / 3;
  const starts = new Float64Array(count), ends = new Float64Array(count);
  const state = new Uint32Array(count), ever = new Set();
  for (let i = 0, t = 0; i < count; i++) {
    starts[i] = t += stretches[3 * i];
    ends[i] = t += stretches[3 * i + 1];
    state[i] = stretches[3 * i + 2];
    for (const member of states[state[i]].owners) ever.add(member);
    for (const member of states[state[i]].zombies) ever.add(member);
  }
  return { of, starts, ends, state, ever };
}

function decodeMember(member, index) {
  const count = member.phases.length / 5;
  const starts = new Float64Array(count), ends = new Float64Array(count);
  const owned = new Int32Array(count), believed = new Int32Array(count), phase = [];
  for (let i = 0, t = 0; i < count; i++) {
    starts[i] = t += member.phases[5 * i];
    ends[i] = t += member.phases[5 * i + 1];
    owned[i] = member.phases[5 * i + 2];
    believed[i] = member.phases[5 * i + 3];
    phase.push(PHASES[member.phases[5 * i + 4]]);
  }
  return { ...member, index, starts, ends, owned, believed, phase, events: [] };
}

function decodeEvents(group, members) {
  for (let i = 0, t = 0; i < group.events.length; i += 4) {
    t += group.events[i];
    const [kind, member, number] = group.events.slice(i + 1, i + 4);
    members[member].events.push({ t, kind: group.kinds[kind], number });
  }
}

/** How many of these partitions nobody, several or zombies had, from each instant `t[i]` on. */
function sweep(parts, states) {
  const changes = new Map();
  const change = (t, which, by) => {
    let entry = changes.get(t);
    if (!entry) changes.set(t, (entry = [0, 0, 0]));
    entry[which] += by;
  };
  for (const [history, count] of parts) {
    for (let i = 0; i < history.starts.length; i++) {
      const { kind, wanted, owners } = states[history.state[i]];
      const which = kind === DOUBLE ? 1 : kind === ZOMBIE ? 2 : kind === NOBODY ? 0 : -1;
      if (which >= 0) {
        change(history.starts[i], which, count);
        change(history.ends[i], which, -count);
      }
      if (kind === ZOMBIE && wanted && !owners.length) {
        change(history.starts[i], 0, count);
        change(history.ends[i], 0, -count);
      }
    }
  }
  const t = Float64Array.from(changes.keys()).sort();
  const levels = [0, 1, 2].map(() => new Int32Array(t.length));
  const now = [0, 0, 0];
  t.forEach((at, i) => changes.get(at).forEach((by, k) => (levels[k][i] = now[k] += by)));
  return { t, nobody: levels[0], double: levels[1], zombie: levels[2] };
}

function liveMembers(members) {
  const changes = new Map();
  for (const member of members) {
    member.starts.forEach((start, i) => {
      if (i === 0 || member.ends[i - 1] < start) changes.set(start, (changes.get(start) ?? 0) + 1);
      const end = member.ends[i];
      if (member.starts[i + 1] !== end) changes.set(end, (changes.get(end) ?? 0) - 1);
    });
  }
  const t = Float64Array.from(changes.keys()).sort();
  const count = new Int32Array(t.length);
  let most = 0;
  t.forEach((at, i) => {
    count[i] = (i ? count[i - 1] : 0) + changes.get(at);
    most = Math.max(most, count[i]);
  });
  return { t, count, most };
}

/** Between rebalances: the least, the most and the mean that a live member owned. */
function loadsAtRest(group) {
  if (group.rebalances.length * group.members.length > 2e6) return [];
  return group.rebalances.filter((r) => r.end !== null).map((r) => {
    const next = group.rebalances.find((other) => other.start >= r.end && other !== r);
    const until = next ? next.start : group.end;
    const at = (r.settled ?? r.end) < until ? r.settled ?? r.end : r.end;
    const owned = [];
    for (const member of group.members) {
      const i = indexAt(member.starts, at);
      if (i >= 0 && at < member.ends[i]) owned.push(member.owned[i]);
    }
    const sum = owned.reduce((a, b) => a + b, 0);
    return {
      start: at, end: until, members: owned.length,
      least: owned.length ? Math.min(...owned) : 0,
      most: owned.length ? Math.max(...owned) : 0,
      mean: owned.length ? sum / owned.length : 0,
    };
  });
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
