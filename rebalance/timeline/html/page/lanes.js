// Rows of one member or one partition.

const lanes = {
  member: { label: memberLabel, plot: memberPlot },
  partition: { label: partitionLabel, plot: partitionPlot },
};

function memberLabel({ member }, y, height) {
  pen.fillStyle = memberColor(member.number).fill;
  pen.fillRect(12, y + 5, 9, height - 10);
  write(fitted(member.name, page.gutter - 34), 26, y + height / 2 + 4, theme.ink);
}

function memberPlot({ member, group }, y, height) {
  const { starts, ends, state, owned } = member;
  const room = height - 4, least = 11, floor = y + height - 2;
  for (let i = Math.max(indexAt(starts, page.from), 0); i < starts.length; i++) {
    const x = Math.max(xOf(starts[i]), page.gutter - 1);
    if (x > page.width) break;
    const width = Math.min(xOf(ends[i]), page.width + 1) - x;
    if (width <= 0) continue;
    const full = least + ((room - least) * owned[i]) / group.most;
    states[state[i]](x, Math.max(width, 1), y, height, full, floor, memberColor(member.number).fill);
    if (owned[i] && width > 16 && state[i] !== "zombie") {
      const text = grouped(owned[i]);
      const ink = state[i] === "owns" ? memberColor(member.number).ink : theme.ink;
      if (width > widthOf(text) + 10) write(text, x + 5, floor - 2, ink);
    }
  }
  for (const [sent, , , , bad] of member.requests) {
    if (bad) mark("dot", xOf(sent), y, height);
  }
  for (const [t, kind] of member.marks) if (MARKS[kind]) mark(MARKS[kind], xOf(t), y, height);
}

/** How each state looks: drawn from `x` on, `width` wide; `full` high where its load counts. */
const states = {
  idle: (x, width, y, height) => bar(theme.dim, x, y + height / 2 - 0.5, width, 1),
  joining: (x, width, y, height) => dashes(theme.busy, x, y + height / 2, width),
  syncing: (x, width, y, height) => dashes(theme.busy, x, y + height / 2, width),
  owns: (x, width, y, height, full, floor, fill) => bar(fill, x, floor - full, width, full),
  rejoining(x, width, y, height, full, floor, fill) {
    pen.globalAlpha = 0.55;
    bar(fill, x, floor - full, width, full);
    pen.globalAlpha = 1;
    dashes(theme.busy, x, y + height / 2, width);
  },
  paused: (x, width, y, height) => bar(theme.idle, x, y + 3, width, height - 6),
  zombie(x, width, y, height) {
    bar(theme.ground, x, y + 2, width, height - 4);
    bar(theme.zombie, x, y + 2, width, height - 4);
    pen.strokeStyle = theme.bad;
    pen.strokeRect(x + 0.5, y + 2.5, Math.max(width - 1, 1), height - 5);
  },
  gone: (x, width, y, height) => bar(theme.waiting, x, y + 4, width, height - 8),
};

function bar(fill, x, y, width, height) {
  pen.fillStyle = fill;
  pen.fillRect(x, y, width, height);
}

function dashes(color, x, y, width) {
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.setLineDash([2, 3]);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + Math.max(width, 2), y);
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1;
}

const MARKS = { crashed: "cross", failed: "cross", closed: "end", refused: "dot" };

function mark(shape, x, y, height) {
  if (x < page.gutter - 4 || x > page.width + 4) return;
  const middle = y + height / 2;
  pen.fillStyle = pen.strokeStyle = shape === "end" ? theme.dim : theme.bad;
  pen.lineWidth = 2.2;
  pen.beginPath();
  if (shape === "cross") {
    for (const slope of [-4, 4]) {
      pen.moveTo(x - 4, middle - slope);
      pen.lineTo(x + 4, middle + slope);
    }
  } else if (shape === "end") {
    pen.moveTo(x, y + 3);
    pen.lineTo(x, y + height - 3);
  } else {
    pen.arc(x, y + 4, 2.5, 0, 7);
    pen.fill();
  }
  pen.stroke();
  pen.lineWidth = 1;
}

function partitionLabel({ topic, id }, y, height) {
  write(`${id}`, 26, y + height / 2 + 4, theme.dim);
}

function partitionPlot({ group, lane, chosen: only }, y, height) {
  const { starts, ends, who } = lane;
  let drawn = -1;
  const worse = [];
  for (let i = Math.max(indexAt(starts, page.from), 0); i < starts.length; i++) {
    const left = xOf(starts[i]);
    if (left > page.width) break;
    const x = Math.max(left, page.gutter - 1), end = Math.min(xOf(ends[i]), page.width + 1);
    const { kind, owners } = who[i];
    if (kind === NOTHING || end < page.gutter) continue;
    if (kind !== OWNED) {
      worse.push([i, x, Math.max(end, x + 2)]);
    } else if (end > drawn + 0.5) {
      owned(group, owners[0], x, end, y, height, only);
      drawn = Math.max(end, x + 1);
    }
  }
  for (const kind of [NOBODY, ZOMBIE, DOUBLE]) {
    let last = -1;
    for (const [i, x, end] of worse) {
      if (who[i].kind !== kind || end < last + 0.5) continue;
      last = end;
      const [owner] = kind === ZOMBIE ? who[i].owners : [];
      if (owner !== undefined) owned(group, owner, x, end, y, height, only, false);
      wrong(kind, x, y + 1, end - x, owner === undefined ? height - 2 : height / 2 - 1);
    }
  }
}

/** Hatched on its ground; where that would be a speck, in one colour. */
function wrong(kind, x, y, width, height) {
  const hatch = [theme.nobody, theme.zombie, theme.double][kind - NOBODY];
  if (width < 4) { // of a gap a foot, so that a row of many still shows its owners
    const foot = kind === NOBODY && width <= 2 ? height * 0.4 : height;
    bar(kind === NOBODY ? theme.hatch : theme.bad, x, y + height - foot, width, foot);
    return;
  }
  bar(kind === NOBODY ? theme.raised : theme.ground, x, y, width, height);
  bar(hatch, x, y, width, height);
}

function owned(group, owner, x, end, y, height, only, named = true) {
  const member = group.members[owner];
  const color = memberColor(member ? member.number : -1);
  if (only && !only.has(owner)) pen.globalAlpha = 0.18;
  bar(color.fill, x, y + 1, Math.max(end - x, 1), height - 2);
  pen.globalAlpha = 1;
  if (named && member && end - x > 24 && !(only && !only.has(owner))) {
    const text = fitted(member.name, end - x - 8, "small");
    if (text.length > 1 || text === member.name) write(text, x + 4, y + height - 4, color.ink, "small");
  }
}
