// Times in words and on the ruler, as the text picture has them.

const SECOND = 1000, MINUTE = 60000, HOUR = 3600000;
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 8760].map((n) => n * HOUR),
];

const clamp = (value, least, most) => Math.max(Math.min(value, most), least);
const digits = (number, width) => String(number).padStart(width, "0");
const format = new Intl.NumberFormat("en-US");
const grouped = (number) => format.format(number);
const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

/** An instant; `end` is the trace's: a long one is told in hours. */
function clock(t, end) {
  const ms = Math.round(t);
  if (ms < 0) return `-${clock(-ms, end)}`;
  if (end < 10 * MINUTE) return `${Math.trunc(ms / SECOND)}.${digits(ms % SECOND, 3)} s`;
  const [h, m, s] = [ms / HOUR, (ms / MINUTE) % 60, (ms / SECOND) % 60].map(Math.trunc);
  return `${h}:${digits(m, 2)}:${digits(s, 2)}.${digits(ms % SECOND, 3)}`;
}

/** A length of time with its unit. */
function duration(ms) {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${Math.trunc(ms / SECOND)}.${digits(ms % SECOND, 3)} s`;
  const [h, m, s] = [ms / HOUR, (ms / MINUTE) % 60, (ms / SECOND) % 60].map(Math.trunc);
  return ms < HOUR ? `${m} min ${digits(s, 2)} s` : `${h} h ${digits(m, 2)} min`;
}

/** Round instants at least `apart` pixels from each other; before 0 there is no time. */
function ticks(from, to, pixels, apart) {
  const step = STEPS.find((s) => s * pixels >= apart * (to - from)) ?? STEPS.at(-1);
  const found = [];
  for (let t = Math.max(Math.ceil(from / step) * step, 0); t <= to; t += step) found.push(t);
  return { step, found };
}

function tickLabel(t, step, end) {
  if (end >= 10 * MINUTE) {
    const seconds = step < MINUTE ? `:${digits(Math.trunc(t / SECOND) % 60, 2)}` : "";
    const hm = `${Math.trunc(t / HOUR)}:${digits(Math.trunc(t / MINUTE) % 60, 2)}`;
    return step < SECOND ? clock(t, end) : hm + (seconds || " h");
  }
  if (end < 2 * SECOND || step < 10) return `${grouped(t)} ms`;
  return `${(t / SECOND).toFixed(step >= SECOND ? 0 : step >= 100 ? 1 : 2)} s`;
}
