// What lies under the pointer, in words.

const NEAR = 3; // pixels
const KIND_WORDS = {
  member_added: "known to the coordinator", member_removed: "removed by the coordinator",
  assignment_sent: "assignment sent", member_started: "started", member_paused: "stands still",
  member_resumed: "goes on", member_failed: "failed", member_stopped: "stopped",
  commit_refused: "commit refused", joining: "JoinGroup sent", joined: "in the generation",
  assignor_replaced: "assignor replaced",
};

/** {head, lines: [[what, value]], events: [text]} or null. */
function factsAt(row, x, y) {
  const t = tOf(x), near = (NEAR * (page.to - page.from)) / page.plot;
  const found = {
    member: memberFacts, partition: partitionFacts, rebalances: rebalanceFactsAt, nobody: nobodyFacts,
    load: loadFacts, topic: topicFacts, heading: liveFacts,
  }[row.kind]?.(row, t, near, y);
  return found ?? null;
}

const when = (t) => clock(t, page.end);
const span = (start, end) => `${when(start)} to ${when(end)} (${duration(end - start)})`;

/** Of the pieces that the pointer touches the one of the highest rank, else the one at `t`. */
function pieceAt(starts, ends, t, near, rank) {
  let best = -1;
  for (let i = Math.max(indexAt(starts, t - near), 0); i < starts.length && starts[i] <= t + near; i++) {
    if (ends[i] < t - near) continue;
    const covers = starts[i] <= t && t < ends[i];
    const brief = ends[i] - starts[i] <= 2 * near;
    if (!covers && !brief) continue;
    if (best < 0 || rank(i) > rank(best) || (rank(i) === rank(best) && covers)) best = i;
  }
  return best;
}

const STATE_WORDS = {
  idle: "owns nothing", joining: "joining", syncing: "waits for its assignment", owns: "owns",
  rejoining: "joining, owns", paused: "stands still, owns", gone: "gone, not noticed yet",
  zombie: "believes that it owns what it lost",
};
function memberFacts({ member }, t, near) {
  const i = pieceAt(member.starts, member.ends, t, near, (k) => URGENCY.indexOf(member.state[k]));
  const lines = [];
  if (i >= 0) {
    const load = member.owned[i] ? ` ${counted(member.owned[i], "partition")}` : "";
    lines.push(["state", STATE_WORDS[member.state[i]] + load]);
    lines.push(["from", span(member.starts[i], member.ends[i])]);
  }
  if (member.ids.length) lines.push(["member id", member.ids.join(", ")]);
  if (member.client_id && member.client_id !== member.name) lines.push(["client id", member.client_id]);
  if (member.instance) lines.push(["static", member.instance]);
  const timeouts = ["session", "rebalance"].filter((which) => member[`${which}_timeout_ms`] !== null);
  for (const which of timeouts) lines.push([`${which} timeout`, duration(member[`${which}_timeout_ms`])]);
  if (member.heartbeats) lines.push(["heartbeats", `${grouped(member.heartbeats)} answered`]);
  if (member.topics.length) lines.push(["topics", member.topics.join(", ")]);
  return { head: member.name, lines, events: eventsNear([member], t, near) };
}

/** The members' events under the pointer, the closest first come, in order of time. */
function eventsNear(members, t, near) {
  const found = [];
  for (const { name, events, marks, requests } of members) {
    const meant = requests.filter(([sent, answered]) => (
      Math.abs(sent - t) <= near || (answered !== null && Math.abs(answered - t) <= near)
    ));
    found.push(...meant.map((request) => [request[0], `${name} ${requestWords(request)}`]));
    const texts = marks.filter(([at, , text]) => text && Math.abs(at - t) <= near);
    found.push(...texts.map(([at, kind, text]) => [at, `${name} ${kind}: ${text}`]));
    for (let i = firstFrom(events, t - near); i < events.length && events[i].t <= t + near; i++) {
      const { kind, generation } = events[i];
      const words = KIND_WORDS[kind] ?? kind.replaceAll("_", " ");
      const detail = generation === -2 ? ": nothing" : generation >= 0 ? `, generation ${generation}` : "";
      found.push([events[i].t, `${name} ${words}${detail}`]);
    }
  }
  found.sort((a, b) => a[0] - b[0]);
  const shown = found.slice(0, 8).map(([at, text]) => `${when(at)}  ${text}`);
  return found.length > 8 ? [...shown, `and ${found.length - 8} more`] : shown;
}

function requestWords([sent, answered, api, error]) {
  if (answered === null) return `sent ${api}: never answered in this trace`;
  return `sent ${api}: ${error || "answered"} after ${duration(answered - sent)}`;
}

function firstFrom(events, t) {
  let low = 0, high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle].t < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function partitionFacts({ group, topic, id, lane }, t, near) {
  const i = pieceAt(lane.starts, lane.ends, t, near, (k) => lane.who[k].kind);
  const head = `${topic.name}-${id}`;
  if (i < 0) return { head, lines: [["owner", "nobody, and nobody wants it"]], events: [] };
  const { owners, zombies, wanted } = lane.who[i];
  const names = (list) => list.map((m) => group.members[m]?.name ?? "another member").join(" and ");
  const lines = [["owner", owners.length ? names(owners) : wanted ? "nobody" : "nobody, and nobody wants it"]];
  if (owners.length > 1) lines[0][0] = "owned twice";
  if (zombies.length) lines.push(["zombie", `${names(zombies)} believes that it owns it`]);
  lines.push(["from", span(lane.starts[i], lane.ends[i])]);
  if (i > 0 && !owners.length) lines.push(["before", names(lane.who[i - 1].owners) || "nobody"]);
  const concerned = [i - 1, i, i + 1].flatMap((k) => [...(lane.who[k]?.owners ?? []), ...(lane.who[k]?.zombies ?? [])]);
  const members = [...new Set(concerned)].map((m) => group.members[m]).filter(Boolean);
  return { head, lines, events: eventsNear(members, t, near) };
}

function rebalanceFactsAt({ group }, t, near) {
  const r = rebalanceAt(group, t, near);
  if (r) return { head: `#${r.number} ${causeOf(r)}`, lines: rebalanceFacts(r), events: [] };
  const before = group.rebalances.findLast((other) => other.until_ms <= t);
  if (!before || before.generation_to === null) return null;
  const next = group.rebalances.find((other) => other.start_ms > t);
  const lines = [["from", span(before.until_ms, next?.start_ms ?? group.end)]];
  return { head: `generation ${before.generation_to}`, lines, events: [] };
}

const rebalanceAt = (group, t, near) => group.rebalances.findLast(
  (r) => r.start_ms - near <= t && t <= Math.max(r.until_ms, r.start_ms) + near,
);

/** All there is to say of a rebalance: the tooltip and the list say the same. */
function rebalanceFacts(r) {
  const took = r.end_ms === null ? "not at rest" : duration(r.end_ms - r.start_ms);
  const generation = `${r.generation_from < 0 ? "?" : r.generation_from} → ${r.generation_to ?? "?"}`;
  const whose = { coordinator: "the coordinator's word", script: "a script's word", unknown: "nobody told" };
  const lines = [
    ["began", when(r.start_ms)], ["took", r.outcome === "stable" ? took : `${took}, ${r.outcome}`],
    ["generation", generation], ["cause", `${r.cause} (${whose[r.cause_source]})`],
  ];
  if (r.member) lines.push(["initiator", r.member]);
  if (r.reason) lines.push(["reason", r.reason]);
  if (r.stages.length) {
    lines.push(["stages", r.stages.map(([name, a, b]) => `${name} ${duration(b - a)}`).join(", ")]);
  }
  for (const [stage, member, until, came] of r.waited_for) {
    const text = `${member} (${stage}), ${came ? "came" : "given up"} at ${when(until)}`;
    lines.push(["waited for", text]);
  }
  if (r.joined.length) lines.push(["joined", r.joined.join(", ")]);
  if (r.removed.length) lines.push(["removed", r.removed.join(", ")]);
  lines.push(["moved", grouped(r.partitions_moved)], ["stopped", grouped(r.partitions_stopped)]);
  lines.push(["unavailable", `${grouped(r.unavailable_partition_ms)} partition-ms`]);
  if (r.unavailable_since_ms !== null && r.unavailable_since_ms < r.start_ms) {
    lines.push(["since", when(r.unavailable_since_ms)]);
  }
  return lines;
}

function sweepFacts(head, { t: instants, nobody, double, zombie }, total, t) {
  const i = indexAt(instants, t), at = (values) => (i < 0 ? 0 : values[i]);
  const lines = [["no owner", `${grouped(at(nobody))} of ${counted(total, "partition")}`]];
  if (at(double)) lines.push(["owned twice", grouped(at(double))]);
  if (at(zombie)) lines.push(["zombies", grouped(at(zombie))]);
  return { head, lines: [["at", when(t)], ...lines], events: [] };
}

const nobodyFacts = ({ group }, t) => sweepFacts(group.group_id, group.sweep, group.partitions, t);

/** Of a whole topic, and of the band under the pointer where it is folded. */
function topicFacts(row, t, near, y) {
  const { group, topic } = row;
  const facts = sweepFacts(topic.name, topic.sweep, topic.partitions.length, t);
  if (!row.closed) return facts;
  const { first, last, lanes, ...band } = bandAt(row, y), here = pieceOf(band, t, near, ([kind]) => kind);
  const ids = first === last ? `${first.id}` : `${first.id} to ${last.id}`;
  facts.lines.push([lanes.length > 1 ? "partitions" : "partition", ids]);
  if (here) {
    const name = group.members[here[1]]?.name ?? "another member";
    const some = lanes.length > 1 ? ["most of it owned by", "in it"] : ["owned by", "it is"];
    facts.lines.push({
      [OWNED]: [some[0], name], [NOBODY]: [some[0], "nobody"],
      [ZOMBIE]: [some[1], "a zombie's"], [DOUBLE]: [some[1], "owned twice"],
    }[here[0]]);
  }
  return facts;
}

function pieceOf({ starts, ends, values }, t, near, rank) {
  const i = pieceAt(starts, ends, t, near, (k) => rank(values[k]));
  return i < 0 ? null : values[i];
}

/** How many members live, and where they are folded who is under the pointer. */
function liveFacts(row, t, near, y) {
  const { group, label } = row, i = indexAt(group.live.t, t);
  const lines = [["at", when(t)], ["alive", grouped(i < 0 ? 0 : group.live.count[i])]];
  if (row.closed) {
    const { first, last, lanes, ...band } = bandAt(row, y);
    lines.push(["here", first === last ? first.name : `${first.name} to ${last.name} (${lanes.length})`]);
    const here = pieceOf(band, t, near, ([state]) => URGENCY.indexOf(state));
    if (here) lines.push(["state", STATE_WORDS[here[0]]]);
  }
  return { head: label, lines, events: [] };
}

function loadFacts({ group }, t, near) {
  const load = group.loads.find(({ start, end }) => start <= t && t < end);
  const r = rebalanceAt(group, t, near);
  const lines = [["at", when(t)]];
  if (load) {
    lines.push(["members", grouped(load.members)], ["least", grouped(load.least)], ["most", grouped(load.most)]);
    lines.push(["mean", load.mean.toFixed(1)]);
  }
  if (r) lines.push([`moved in #${r.number}`, grouped(r.partitions_moved)]);
  return { head: "partitions a member", lines, events: [] };
}
