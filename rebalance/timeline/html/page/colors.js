// Colours out of the style sheet, a colour for each member, and hatchings.
// Why: a member keeps its colour in every timeline of the page, and no two neighbours share one.
// The palette is that of all pictures (palette.py); with more members than colours it begins again,
// lighter.

const TIERS = [0, 0.32, 0.58];
let theme = {};

/** Read the theme anew; `ratio` is device pixels per pixel. */
function readTheme(ratio) {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  theme = Object.fromEntries(
    ["ink", "dim", "faint", "line", "ground", "raised", "accent", "busy", "bad", "hatch", "idle"]
      .map((name) => [name, value(name)]),
  );
  theme.hues = [];
  for (let i = 0; value(`hue-${i}`); i++) theme.hues.push(rgb(value(`hue-${i}`)));
  theme.groundRgb = rgb(theme.ground);
  theme.font = style.fontFamily;
  theme.nobody = hatching(theme.hatch, "transparent", ratio);
  theme.zombie = hatching(theme.bad, "transparent", ratio);
  theme.double = hatching(theme.ground, theme.bad, ratio);
  theme.waiting = hatching(theme.dim, "transparent", ratio);
  theme.pixels = Object.fromEntries(
    ["line", "idle", "bad", "hatch", "raised"].map((name) => [name, pixel(rgb(theme[name]))]),
  );
  theme.pixels.waits = pixel(rgb(theme.busy), 150);
  theme.patterns = {};
  theme.members = new Map();
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const css = (color) => `rgb(${color.map(Math.round).join(",")})`;

function hatching(ink, ground, ratio) {
  const size = Math.round(6 * ratio);
  const tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = tile.getContext("2d");
  if (ground !== "transparent") {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, size, size);
  }
  pen.strokeStyle = ink;
  pen.lineWidth = 1.3 * ratio;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
    pen.stroke();
  }
  const pattern = pen.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/** {color, fill, ink} of a member by its name's number on this page; -1: one that is not drawn. */
function memberColor(number) {
  let found = theme.members.get(number);
  if (!found) {
    const base = number < 0 ? rgb(theme.idle) : theme.hues[number % theme.hues.length];
    const tier = number < 0 ? 0 : TIERS[Math.floor(number / theme.hues.length) % TIERS.length];
    const color = base.map((part, i) => part + (theme.groundRgb[i] - part) * tier);
    const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140;
    found = { color, fill: css(color), ink: light ? "#111" : "#fff" };
    theme.members.set(number, found);
  }
  return found;
}

/** Numbers for all names of all timelines, in order of appearance. */
function numberMembers(timelines) {
  const numbers = new Map();
  for (const { groups } of timelines) {
    for (const group of groups) {
      for (const member of group.members) {
        if (!numbers.has(member.name)) numbers.set(member.name, numbers.size);
        member.number = numbers.get(member.name);
      }
    }
  }
}
