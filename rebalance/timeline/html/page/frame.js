// One frame: only the rows and the time that are seen.

const painters = { ...strips, ...lanes };

const chosen = (r) => page.chosen?.rebalance === r;

function draw() {
  const { width, height, rows, scroll } = page;
  pen.setTransform(page.ratio, 0, 0, page.ratio, 0, 0);
  bar(theme.ground, 0, 0, width, height);
  const { step, found } = ticks(page.from, page.to, page.plot, 90);
  for (const t of found) bar(theme.line, Math.round(xOf(t)), RULER, 1, height);
  const seen = rows.filter((row) => row.y + row.height > scroll && row.y - scroll < height - RULER);
  const each = (paint) => seen.forEach((row) => paint(row, row.y - scroll + RULER, row.height));
  pen.save();
  pen.beginPath();
  pen.rect(page.gutter, RULER, page.plot, height);
  pen.clip();
  each(ground);
  each((row, y, tall) => painters[row.kind].plot?.(row, y, tall));
  each(edges);
  if (page.hovered) bar(theme.dim, Math.round(page.hovered.x), RULER, 1, height);
  pen.restore();
  each((row, y, tall) => painters[row.kind].label?.(row, y, tall));
  ruler(step, found);
}

/** Below a row: where the chosen rebalance is, and that the pointer is on it. */
function ground(row, y, height) {
  const lane = row.kind === "member" || row.kind === "partition";
  if (lane && row === page.hovered?.row) bar(theme.faint, page.gutter, y, page.plot, height);
  const span = chosenSpan(row);
  if (span) bar(theme.accent, xOf(span[0]), y, Math.max(xOf(span[1]) - xOf(span[0]), 2), height, 0.13);
}

function edges(row, y, height) {
  for (const t of chosenSpan(row) ?? []) bar(theme.accent, Math.round(xOf(t)), y, 1, height);
}

/** From when to when the chosen rebalance is shown in a row. */
function chosenSpan({ group, kind }) {
  if (group !== page.chosen?.group || kind === "title" || kind === "space") return null;
  return [page.chosen.rebalance.start_ms, page.chosen.rebalance.until_ms];
}

function ruler(step, found) {
  bar(theme.ground, 0, 0, page.width, RULER);
  bar(theme.line, 0, RULER - 1, page.width, 1);
  write(fitting(["wheel zooms, drag moves", ""], page.gutter - 24, "small"), 12, 16, theme.dim, "small");
  for (const t of found) {
    const x = Math.round(xOf(t)), text = tickLabel(t, step, page.end);
    if (x < page.gutter) continue;
    bar(theme.dim, x, RULER - 6, 1, 5);
    if (x + 4 + widthOf(text) < page.width) write(text, x + 4, 16, theme.dim);
  }
}
