// The rows of the page from top to bottom: what is folded or filtered away is none.
// A row is {kind, y, height, group, key?, ...}; strips.js and lanes.js draw each kind.

const HEIGHTS = {
  title: 44, rebalances: 30, nobody: 30, load: 34, heading: 24, member: 20, partition: 15, space: 14,
};
const MANY_MEMBERS = 60, MANY_PARTITIONS = 120;
const LEAST_FOLDED = 24, MOST_FOLDED = 80, FOLDED_LANE = 4;
/** Room for a heading under which `count` lanes are folded: a pixel each, as far as that goes. */
const foldedHeight = (count) => Math.min(Math.max(count + 8, LEAST_FOLDED), MOST_FOLDED);

/** What is folded at first: as much as it takes to see every timeline. */
function initialFolds(timelines) {
  const groups = timelines.flatMap((timeline) => timeline.groups);
  const folded = new Set();
  const partitions = groups.reduce((sum, group) => sum + group.partitions, 0);
  const members = groups.reduce((sum, group) => sum + group.members.length, 0);
  for (const group of groups) {
    if (members > MANY_MEMBERS) folded.add(membersKey(group));
    if (partitions > MANY_PARTITIONS) {
      for (const topic of group.topics) folded.add(topicKey(group, topic));
    }
  }
  return folded;
}

const membersKey = (group) => `${group.key} members`;
const topicKey = (group, topic) => `${group.key} topic ${topic.name}`;

function allKeys(timelines) {
  return timelines.flatMap((timeline) => timeline.groups.flatMap(
    (group) => [membersKey(group), ...group.topics.map((topic) => topicKey(group, topic))],
  ));
}

/** `wanted` {member, topic}: texts that names must contain; "": any. `room`: what is seen at once. */
function layOut(timelines, folded, wanted, room) {
  const rows = [];
  let y = 0;
  const add = (kind, row) => {
    const height = row.closed ? foldedHeight(row.shown.length) : HEIGHTS[kind] ?? LEAST_FOLDED;
    rows.push({ kind, y, height, ...row });
    y += height;
  };
  for (const timeline of timelines) {
    for (const group of timeline.groups) {
      add("title", { group });
      if (group.rebalances.length) add("rebalances", { group });
      if (group.partitions) add("nobody", { group });
      if (group.rebalances.length && group.partitions) add("load", { group });
      memberRows(group, folded, wanted, add);
      topicRows(group, folded, wanted, add);
      add("space", { group });
    }
  }
  return { rows, height: y < room ? grown(rows, room - y) : y };
}

/** Where there is room left, what is folded gets it, a few pixels for each lane at most. */
function grown(rows, spare) {
  const most = ({ shown }) => shown.length * FOLDED_LANE + 8;
  let narrow = rows.filter((row) => row.closed && row.height < most(row));
  while (spare >= narrow.length && narrow.length) {
    const share = Math.floor(spare / narrow.length);
    for (const row of narrow) {
      const more = Math.min(share, most(row) - row.height);
      row.height += more;
      spare -= more;
    }
    narrow = narrow.filter((row) => row.height < most(row));
  }
  let y = 0;
  for (const row of rows) {
    row.y = y;
    y += row.height;
  }
  return y;
}

const contains = (name, wanted) => name.toLowerCase().includes(wanted.toLowerCase());

/** The wanted members of a group: one whose whole name is meant alone, else all that contain it. */
function chosenMembers(group, wanted) {
  const shown = group.members.filter((member) => member.shown);
  const exact = shown.filter((member) => member.name === wanted);
  return exact.length ? exact : shown.filter((member) => contains(member.name, wanted));
}

function memberRows(group, folded, wanted, add) {
  const shown = chosenMembers(group, wanted.member);
  if (!shown.length) return;
  const key = membersKey(group), closed = folded.has(key);
  const of = shown.length < group.members.length ? ` of ${grouped(group.members.length)}` : "";
  const label = of ? `${grouped(shown.length)}${of} members` : counted(shown.length, "member");
  add("heading", { group, key, closed, shown, label });
  if (!closed) for (const member of shown) add("member", { group, member });
}

function topicRows(group, folded, wanted, add) {
  const chosen = wanted.member === "" ? null
    : new Set(chosenMembers(group, wanted.member).map((member) => member.index));
  for (const topic of group.topics) {
    if (!contains(topic.name, wanted.topic)) continue;
    const shown = chosen === null ? topic.partitions
      : topic.partitions.filter(({ lane }) => [...lane.ever].some((m) => chosen.has(m)));
    if (!shown.length) continue;
    const key = topicKey(group, topic), closed = folded.has(key);
    add("topic", { group, topic, key, closed, shown, chosen });
    if (!closed) for (const { id, lane } of shown) add("partition", { group, topic, id, lane, chosen });
  }
}

/** The index of the row at a height of the whole, -1: below the last. */
function rowAt(rows, y) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].y + rows[middle].height <= y) low = middle + 1;
    else high = middle;
  }
  return low < rows.length && y >= 0 ? low : -1;
}
