// What is folded: a pixel or more for each lane, and where there are more lanes than pixels bands of
// neighbours.
// Rule kept: no lane is left out. A band of partitions has the colour of who owns most of it; what is
// wrong in any of its lanes (two owners, a zombie) is its colour however few they are. A band of
// members has that state of any of them which a user must see.

/** The bands of a folded row: {first, last} of its lanes, and pieces as a lane has them. */
function bandsOf(row) {
  if (row.bands) return row.bands;
  const { shown, height } = row, room = height - 8;
  const count = shown.length <= room ? shown.length : Math.floor(room / 2);
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

/** Draws the bands of a row, pixel by pixel: a rectangle for each piece is more than a frame has time
 * for. `inkOf(value, width)` is a pixel, or a pattern: lines of them. */
function folded(row, y, height, inkOf) {
  const bands = bandsOf(row), sheet = sheetOf(row, height), { width, tall, pixels } = sheet;
  const scale = (page.plot * page.ratio) / (page.to - page.from);
  const apart = tall >= 4 * page.ratio * bands.length ? 1 : 0;
  pixels.fill(0);
  bands.forEach(({ starts, ends, values }, k) => {
    const top = Math.round((k * tall) / bands.length), next = Math.round(((k + 1) * tall) / bands.length);
    const below = next - apart;
    let drawn = 0;
    for (let i = Math.max(indexAt(starts, page.from), 0); i < starts.length && drawn < width; i++) {
      const first = Math.max(Math.round((starts[i] - page.from) * scale), 0);
      if (first >= width) break;
      const end = Math.min(Math.max(Math.round((ends[i] - page.from) * scale), first + 1), width);
      if (end <= drawn) continue;
      const ink = inkOf(values[i], end - first);
      for (let line = top; line < below; line++) {
        if (typeof ink === "number") pixels.fill(ink, line * width + first, line * width + end);
        else pixels.set(ink[line % ink.length].subarray(first, end), line * width + first);
      }
      drawn = end;
    }
  });
  sheet.pen.putImageData(sheet.image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(sheet.canvas, page.gutter, y + 4, width / page.ratio, tall / page.ratio);
}

/** What the pixels of a row are written on; the same in every frame. */
function sheetOf(row, height) {
  const width = Math.ceil(page.plot * page.ratio), tall = Math.round((height - 8) * page.ratio);
  if (row.sheet?.width !== width || row.sheet.tall !== tall) {
    const canvas = Object.assign(document.createElement("canvas"), { width, height: tall });
    const image = new ImageData(width, tall), pixels = new Uint32Array(image.data.buffer);
    row.sheet = { width, tall, canvas, image, pixels, pen: canvas.getContext("2d") };
  }
  return row.sheet;
}

/** The band under a height of the page. */
function bandAt(row, y) {
  const bands = bandsOf(row), top = row.y - page.scroll + RULER + 4;
  const k = Math.floor(((y - top) * bands.length) / (row.height - 8));
  return bands[Math.min(Math.max(k, 0), bands.length - 1)];
}

const FOLDED_STATES = {
  idle: () => theme.pixels.line, joining: () => waitingLines(), syncing: () => waitingLines(),
  paused: () => theme.pixels.idle, zombie: () => theme.pixels.bad, gone: () => theme.pixels.hatch,
};

const memberInk = ([state, number]) => (
  (FOLDED_STATES[state] ?? (() => pixel(memberColor(number).color)))()
);

const partitionInk = (group, only) => ([kind, owner], width) => {
  if (kind === NOBODY) return width < 4 * page.ratio ? theme.pixels.hatch : unownedLines();
  if (kind !== OWNED) return theme.pixels.bad;
  if (only && !only.has(owner)) return theme.pixels.line;
  return pixel(memberColor(group.members[owner]?.number ?? -1).color);
};

// --- pixels: alpha, blue, green, red, as a canvas has them -------------------------------------

const pixel = ([red, green, blue], alpha = 255) => (
  ((alpha << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0
);

/** Lines as long as the plot, made once a theme and width. */
function patternLines(name, size, inkAt) {
  const width = Math.ceil(page.plot * page.ratio), known = theme.patterns[name];
  if (known?.[0].length === width) return known;
  return (theme.patterns[name] = Array.from(
    { length: size }, (_, line) => Uint32Array.from({ length: width }, (_, x) => inkAt(x, line)),
  ));
}

/** The hatching of what nobody owns, and the dashes of who joins or waits. */
function unownedLines() {
  const size = Math.round(6 * page.ratio), { hatch, raised } = theme.pixels;
  return patternLines("unowned", size, (x, line) => ((x + line) % size < 1.5 * page.ratio ? hatch : raised));
}

function waitingLines() {
  const size = Math.round(5 * page.ratio), { waits } = theme.pixels;
  return patternLines("waits", 1, (x) => (x % size < 2 * page.ratio ? waits : 0));
}
