// What is folded, as bands of a pixel or more: neighbouring lanes in one line that tells of them all.
// Rule kept: no lane is left out. A band of partitions has the colour of who owns most of it; what is
// wrong in any of its lanes (two owners, a zombie) is its colour however few they are. A band of
// members has that state of any of them which a user must see.

/** The bands of a folded row: {first, last} of its lanes, and pieces as a lane has them. */
function bandsOf(row) {
  if (row.bands) return row.bands;
  const { shown, height } = row, count = Math.min(shown.length, height - 8);
  const band = row.kind === "topic" ? (lanes) => partitionBand(lanes, row.chosen) : memberBand;
  const edge = (k) => Math.floor((k * shown.length) / count);
  row.bands = Array.from({ length: count }, (_, k) => {
    const lanes = shown.slice(edge(k), edge(k + 1));
    return { first: lanes[0], last: lanes.at(-1), lanes, ...band(lanes) };
  });
  return row.bands;
}

/** Goes through `edges` [t, by, key, ...] in time; `change` takes one, `now` says what holds then:
 * pieces of equal values, null: nothing. */
function pieces(edges, change, now) {
  edges.sort((a, b) => a[0] - b[0]);
  const starts = [], ends = [], values = [];
  for (let i = 0; i < edges.length;) {
    const t = edges[i][0];
    while (i < edges.length && edges[i][0] === t) change(edges[i++]);
    const value = now(), last = values.length - 1, goesOn = ends[last] === undefined && last >= 0;
    if (goesOn && same(values[last], value)) continue;
    if (goesOn) ends[last] = t;
    if (value) {
      starts.push(t);
      values.push(value);
    }
  }
  return { starts, ends, values };
}

const same = (a, b) => b !== null && a.length === b.length && a.every((part, i) => part === b[i]);

/** Values [kind, owner]: who owns most of the band; of chosen members, if one owns any of it. */
function partitionBand(parts, only) {
  const counts = new Map();
  for (const { lane } of parts) counts.set(lane, (counts.get(lane) ?? 0) + 1);
  const edges = [];
  for (const [{ starts, ends, who }, n] of counts) {
    for (let i = 0; i < starts.length; i++) {
      if (who[i].kind !== NOTHING) edges.push([starts[i], n, who[i]], [ends[i], -n, who[i]]);
    }
  }
  const kinds = [0, 0, 0, 0, 0], owned = new Map();
  const change = ([, n, { kind, owners }]) => {
    kinds[kind] += n;
    if (kind === OWNED) owned.set(owners[0], (owned.get(owners[0]) ?? 0) + n);
  };
  return pieces(edges, change, () => {
    if (kinds[DOUBLE]) return [DOUBLE, -1];
    if (kinds[ZOMBIE]) return [ZOMBIE, -1];
    let owner = -1, most = 0;
    for (const [member, n] of owned) {
      const weight = n && only?.has(member) ? n + parts.length : n;
      if (weight > most) [owner, most] = [member, weight];
    }
    if (!most && !kinds[NOBODY]) return null;
    return kinds[NOBODY] > Math.max(kinds[OWNED], most - 1) ? [NOBODY, -1] : [OWNED, owner];
  });
}

const URGENCY = ["idle", "owns", "rejoining", "syncing", "joining", "gone", "paused", "zombie"];

/** Values [state, number of the member]: the most urgent state of any, and whose it is. */
function memberBand(members) {
  const edges = members.flatMap(({ starts, ends, state, number }) => state.flatMap((name, i) => {
    const urgency = URGENCY.indexOf(name);
    return [[starts[i], 1, urgency, number], [ends[i], -1, urgency, number]];
  }));
  const held = URGENCY.map(() => new Map());
  const change = ([, n, urgency, number]) => {
    const left = (held[urgency].get(number) ?? 0) + n;
    if (left) held[urgency].set(number, left);
    else held[urgency].delete(number);
  };
  return pieces(edges, change, () => {
    const worst = held.findLastIndex((numbers) => numbers.size);
    return worst < 0 ? null : [URGENCY[worst], held[worst].keys().next().value];
  });
}

/** Draws the bands of a row: `paint(value, x, y, width, height)` each piece that is seen. */
function folded(row, y, height, paint) {
  const bands = bandsOf(row), high = (height - 8) / bands.length;
  bands.forEach(({ starts, ends, values }, k) => {
    const top = Math.round(y + 4 + k * high), below = Math.round(y + 4 + (k + 1) * high);
    const thick = Math.max(below - top - (high > 3), 1);
    let drawn = -1;
    for (let i = Math.max(indexAt(starts, page.from), 0); i < starts.length; i++) {
      const x = Math.max(xOf(starts[i]), page.gutter - 1);
      if (x > page.width) break;
      const end = Math.min(xOf(ends[i]), page.width + 1);
      if (end <= drawn + 0.5) continue;
      paint(values[i], x, top, Math.max(end - x, 1), thick);
      drawn = Math.max(end, x + 1);
    }
  });
}

/** The band under a height of the page. */
function bandAt(row, y) {
  const bands = bandsOf(row), top = row.y - page.scroll + RULER + 4;
  const k = Math.floor(((y - top) * bands.length) / (row.height - 8));
  return bands[Math.min(Math.max(k, 0), bands.length - 1)];
}

const FOLDED_STATES = {
  idle: () => theme.line, joining: () => theme.waits, syncing: () => theme.waits,
  paused: () => theme.idle, zombie: () => theme.bad, gone: () => theme.hatch,
};

function memberPiece([state, number], x, y, width, height) {
  bar((FOLDED_STATES[state] ?? (() => memberColor(number).fill))(), x, y, width, height);
}

const partitionPiece = (group, only) => ([kind, owner], x, y, width, height) => {
  if (kind === NOBODY && width >= 4) {
    bar(theme.raised, x, y, width, height);
    bar(theme.nobody, x, y, width, height);
  } else if (kind !== OWNED) {
    bar(kind === NOBODY ? theme.hatch : theme.bad, x, y, width, height);
  } else if (only && !only.has(owner)) {
    bar(theme.line, x, y, width, height);
  } else {
    bar(memberColor(group.members[owner]?.number ?? -1).fill, x, y, width, height);
  }
};
