// What is folded: a pixel or more for each lane, and where there are more lanes than pixels bands of
// neighbours.
// Rule kept: no lane and no moment is left out. A band looks as most of its lanes do, unless one of
// them is urgent (two owners, a zombie; of members whatever one must see): the most urgent of all
// lanes and of all that is in one pixel is what is drawn.

/** The bands of a folded row: the first and last of its lanes, and a track. */
function bandsOf(row) {
  if (row.bands) return row.bands;
  const { shown, height, only } = row, room = height - 8;
  const count = shown.length <= room ? shown.length : Math.floor(room / 2);
  const edge = (k) => Math.floor((k * shown.length) / count);
  row.bands = Array.from({ length: count }, (_, k) => {
    const lanes = shown.slice(edge(k), edge(k + 1)), tracks = lanes.map((each) => each.lane ?? each);
    const track = tracks.length > 1 ? together(tracks, only) : tracks[0];
    return { ...track, first: lanes[0], last: lanes.at(-1), count: lanes.length };
  });
  return row.bands;
}

/** One track for several: at each time the most urgent value, else that of most of them; of chosen
 * members' partitions, where there are any. */
function together(tracks, only) {
  const edges = tracks.flatMap(({ starts, ends, values }) => values.flatMap(
    (value, i) => [[starts[i], 1, value], [ends[i], -1, value]],
  )).sort((a, b) => a[0] - b[0]);
  const now = new Map(), starts = [], ends = [], values = [];
  const score = ([value, n]) => value.urgency * 1e6 + (only && only.has(value.owner) ? 1e5 : 0) + n;
  for (let i = 0; i < edges.length;) {
    const t = edges[i][0];
    for (; i < edges.length && edges[i][0] === t; i++) {
      const [, by, value] = edges[i], n = (now.get(value) ?? 0) + by;
      if (n) now.set(value, n);
      else now.delete(value);
    }
    let best = null;
    for (const entry of now) if (!best || score(entry) > score(best)) best = entry;
    const open = ends.length < starts.length;
    if (open && best && values.at(-1) === best[0]) continue;
    if (open) ends.push(t);
    if (best) {
      starts.push(t);
      values.push(best[0]);
    }
  }
  return { starts: Float64Array.from(starts), ends: Float64Array.from(ends), values };
}

/** Draws the bands of a row pixel by pixel: a rectangle for each piece is more than a frame has time
 * for. */
function folded(row, y, height) {
  const { ratio } = page, width = Math.round(page.plot * ratio), tall = Math.round((height - 8) * ratio);
  if (row.image?.width !== width || row.image.height !== tall) row.image = new ImageData(width, tall);
  const bands = bandsOf(row), apart = tall >= 4 * ratio * bands.length ? 1 : 0;
  const pixels = new Uint32Array(row.image.data.buffer).fill(pixel(theme.ground));
  const size = Math.round(6 * ratio), [hatch, raised, busy] = [theme.hatch, theme.raised, theme.busy].map(pixel);
  const edge = (k) => Math.round((k * tall) / bands.length);
  const inks = new Uint32Array(width), urgencies = new Int8Array(width);
  bands.forEach((band, k) => {
    inkLine(row, band, inks.fill(0), urgencies.fill(-1));
    for (let line = edge(k); line < edge(k + 1) - apart; line++) {
      for (let x = 0, at = line * width; x < width; x++, at++) {
        if (inks[x] === HATCHED) pixels[at] = (x + line) % size < 1.5 * ratio ? hatch : raised;
        else if (inks[x] !== DASHED) pixels[at] = inks[x] || pixels[at];
        else if (x % size < 2 * ratio) pixels[at] = busy;
      }
    }
  });
  pen.putImageData(row.image, Math.round(page.gutter * ratio), Math.round((y + 4) * ratio));
}

const HATCHED = 1, DASHED = 2; // no colors: what nobody owns, and who joins or waits

/** The ink of each pixel in a band's line: of several pieces in one that of the most urgent. */
function inkLine(row, { starts, ends, values }, inks, urgencies) {
  const { from, to } = page, width = inks.length, scale = width / (to - from);
  for (let i = Math.max(indexAt(starts, from), 0); i < starts.length && starts[i] < to; i++) {
    const first = Math.max(Math.round((starts[i] - from) * scale), 0);
    const beyond = Math.min(Math.max(Math.round((ends[i] - from) * scale), first + 1), width);
    if (ends[i] < from || first >= beyond) continue;
    const ink = inkOf(row, values[i], beyond - first), { urgency } = values[i];
    for (let x = first; x < beyond; x++) {
      if (urgency <= urgencies[x]) continue;
      urgencies[x] = urgency;
      inks[x] = ink;
    }
  }
}

const FOLDED_STATES = { idle: "line", paused: "idle", zombie: "bad", gone: "hatch" };

function inkOf({ group, only }, { state, member, rank, owner }, width) {
  const brief = width < 6 * page.ratio;
  if (state === "joining" || state === "syncing") return brief ? pixel(theme.busy) : DASHED;
  if (state) return pixel(theme[FOLDED_STATES[state]] ?? colorOf(member).fill);
  if (rank === NOTHING) return 0;
  if (rank === NOBODY) return brief ? pixel(theme.hatch) : HATCHED;
  if (rank !== OWNED) return pixel(theme.bad);
  return pixel(only && !only.has(owner) ? theme.line : colorOf(group.members[owner]).fill);
}

/** The band under a height of the page. */
function bandAt(row, y) {
  const bands = bandsOf(row), top = row.y - page.scroll + RULER + 4;
  const k = Math.floor(((y - top) * bands.length) / (row.height - 8));
  return bands[Math.min(Math.max(k, 0), bands.length - 1)];
}
