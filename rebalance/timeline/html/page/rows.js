// The rows of the page from top to bottom: what is folded or filtered away is none.
// A row is {kind, y, height, group, key?, ...}; strips.js and lanes.js draw each kind.

const HEIGHTS = {
  title: 44, rebalances: 30, nobody: 30, load: 34, heading: 24, topic: 24, member: 20, partition: 15,
  space: 14, nothing: 40,
};
const MANY_MEMBERS = 60, MANY_PARTITIONS = 120;
const MOST_FOLDED = 80, FOLDED_LANE = 4;

const membersKey = (group) => `${group.key} members`;
const topicKey = (group, topic) => `${group.key} topic ${topic.name}`;
const topicKeys = (groups) => groups.flatMap((group) => group.topics.map((topic) => topicKey(group, topic)));
const allKeys = (groups) => [...groups.map(membersKey), ...topicKeys(groups)];

/** What is folded at first: as much as it takes to see every timeline. */
function initialFolds(groups) {
  const members = groups.reduce((sum, group) => sum + group.members.length, 0);
  const partitions = groups.reduce((sum, group) => sum + group.partitions, 0);
  return new Set([
    ...(members > MANY_MEMBERS ? groups.map(membersKey) : []),
    ...(partitions > MANY_PARTITIONS ? topicKeys(groups) : []),
  ]);
}

/** `wanted` {member, topic}: texts that names must contain; "": any. `room`: what is seen at once. */
function layOut(groups, folded, wanted, room) {
  const rows = [];
  const add = (kind, row) => rows.push({ kind, height: HEIGHTS[kind], ...row });
  for (const group of groups) {
    add("title", { group });
    if (group.rebalances.length) add("rebalances", { group });
    if (group.partitions) add("nobody", { group });
    if (group.loads.length && group.partitions) add("load", { group });
    const before = rows.length;
    memberRows(group, folded, wanted, add);
    topicRows(group, folded, wanted, add);
    if (rows.length === before && (wanted.member || wanted.topic)) add("nothing", { group, wanted });
    add("space", { group });
  }
  grow(rows, room);
  let height = 0;
  for (const row of rows) {
    row.y = height;
    height += row.height;
  }
  return { rows, height };
}

/** What is folded has a pixel for each lane, as far as that goes, and where there is room left more. */
function grow(rows, room) {
  const closed = rows.filter((row) => row.closed), most = ({ shown }) => shown.length * FOLDED_LANE + 8;
  for (const row of closed) row.height = clamp(row.shown.length + 8, row.height, MOST_FOLDED);
  let spare = Math.max(room - rows.reduce((sum, { height }) => sum + height, 0), 0), left = closed.length;
  for (const row of closed.sort((a, b) => a.shown.length - b.shown.length)) {
    const more = clamp(most(row) - row.height, 0, Math.floor(spare / left--));
    row.height += more;
    spare -= more;
  }
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
  const key = membersKey(group), closed = folded.has(key), all = group.members.length;
  const label = shown.length < all ? `${grouped(shown.length)} of ${grouped(all)} members` : counted(all, "member");
  add("heading", { group, key, closed, shown, label });
  if (!closed) for (const member of shown) add("member", { group, member });
}

function topicRows(group, folded, wanted, add) {
  const only = wanted.member && new Set(chosenMembers(group, wanted.member).map((member) => member.index));
  for (const topic of group.topics) {
    if (!contains(topic.name, wanted.topic)) continue;
    const shown = topic.partitions.filter(({ lane }) => !only || [...lane.ever].some((m) => only.has(m)));
    if (!shown.length) continue;
    const key = topicKey(group, topic), closed = folded.has(key);
    add("topic", { group, topic, key, closed, shown, only });
    if (!closed) for (const { id, lane } of shown) add("partition", { group, topic, id, lane, only });
  }
}

/** The index of the row at a height of the whole, -1: below the last. */
function rowAt(rows, y) {
  const index = indexAt(rows.map((row) => row.y), y);
  return y >= 0 && index >= 0 && y < rows[index].y + rows[index].height ? index : -1;
}
