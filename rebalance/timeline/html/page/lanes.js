// Rows of one member or one partition. A painter has `label` (the gutter) and `plot` (what lies in
// time).

const lanes = {
  member: {
    label({ member }, y, height) {
      bar(colorOf(member).fill, 12, y + 5, 9, height - 10);
      write(fitted(member.name, page.gutter - 34), 26, y + height / 2 + 4, theme.ink);
    },
    plot({ member, group }, y, height) {
      const color = colorOf(member);
      seenPieces(member, ({ state, owned }, x, end) => {
        const high = 11 + ((height - 15) * owned) / group.most;
        states[state](x, y, Math.max(end - x, 1), height, high, color.fill);
        const text = owned && state !== "zombie" ? grouped(owned) : "";
        const ink = state === "owns" ? color.ink : theme.ink;
        if (text && end - x > Math.max(16, widthOf(text) + 10)) write(text, x + 5, y + height - 4, ink);
      });
      for (const { t, mark } of member.marks) {
        if (t >= page.from && t <= page.to) signs[mark](xOf(t), y, height);
      }
    },
  },
  partition: {
    label: ({ id }, y, height) => write(`${id}`, 26, y + height / 2 + 4, theme.dim),
    plot: partitionPlot,
  },
};

/** How each state looks from `x` on; `high`: where its load counts. */
const states = {
  idle: (x, y, width, height) => bar(theme.dim, x, y + height / 2 - 0.5, width, 1),
  joining: (x, y, width, height) => dashes(x, y + height / 2, width),
  syncing: (x, y, width, height) => dashes(x, y + height / 2, width),
  owns: (x, y, width, height, high, fill) => bar(fill, x, y + height - 2 - high, width, high),
  rejoining(x, y, width, height, high, fill) {
    bar(fill, x, y + height - 2 - high, width, high, 0.55);
    dashes(x, y + height / 2, width);
  },
  paused: (x, y, width, height) => bar(theme.idle, x, y + 3, width, height - 6),
  zombie(x, y, width, height) {
    bar(theme.bad, x, y + 2, width, height - 4);
    bar(theme.hatched[ZOMBIE], x + 1, y + 3, width - 2, height - 6);
  },
  gone: (x, y, width, height) => bar(theme.hatched.gone, x, y + 4, width, height - 8),
};

function dashes(x, y, width) {
  for (let at = x; at < x + Math.max(width, 2); at += 5) bar(theme.busy, at, y - 1, 2, 2);
}

/** What befell a member. */
const signs = {
  cross: (x, y, height) => write("✗", x - widthOf("✗", "bold") / 2, y + height / 2 + 4, theme.bad, "bold"),
  end: (x, y, height) => bar(theme.dim, x - 1, y + 3, 2, height - 6),
  dot: (x, y) => write("●", x - widthOf("●", "small") / 2, y + 8, theme.bad, "small"),
};

/** What is owned first, and above it what is wrong, at least two pixels wide; what is within a pixel
 * of its like is drawn once. */
function partitionPlot({ group, lane, only }, y, height) {
  const drawn = [-1, -1, -1, -1, -1], wrong = [];
  seenPieces(lane, (value, x, end) => {
    const { rank, owner } = value, until = Math.max(end, x + (rank === OWNED ? 1 : 2));
    if (rank === NOTHING || until < drawn[rank] + 0.5) return;
    drawn[rank] = until;
    if (owner >= 0 || rank === OWNED) owned(group.members[owner], x, until, y, height, only, rank === OWNED);
    if (rank !== OWNED) wrong.push([value, x, until]);
  });
  wrong.sort(([a], [b]) => a.rank - b.rank);
  for (const [{ rank, owner }, x, end] of wrong) {
    // Beside a zombie its successor is seen, and of a brief gap a foot: who owned it stays visible.
    const width = end - x, gap = rank === NOBODY, shared = rank === ZOMBIE && owner >= 0;
    const high = gap && width <= 2 ? height * 0.4 : shared ? height / 2 : height;
    const fill = width >= 4 ? theme.hatched[rank] : gap ? theme.hatch : theme.bad;
    bar(fill, x, y + 1 + (gap ? height - high : 0), width, high - 2);
  }
}

function owned(member, x, end, y, height, only, named) {
  const color = colorOf(member), meant = !only || only.has(member?.index);
  bar(color.fill, x, y + 1, end - x, height - 2, meant ? 1 : 0.18);
  if (!named || !meant || !member || end - x <= 24) return;
  const text = fitted(member.name, end - x - 8, "small");
  if (text.length > 1 || text === member.name) write(text, x + 4, y + height - 4, color.ink, "small");
}
