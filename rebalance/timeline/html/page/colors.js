// Colours out of the style sheet, where palette.py has put those of members, and hatchings.

const INKS = ["ink", "dim", "faint", "line", "ground", "raised", "accent", "busy", "bad", "hatch", "idle"];
let theme = {};

/** Read the theme anew; `ratio` is device pixels per pixel. */
function readTheme(ratio) {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  theme = Object.fromEntries(INKS.map((name) => [name, value(name)]));
  theme.font = style.fontFamily;
  theme.members = [];
  for (let i = 0; value(`hue-${i}`); i++) theme.members.push({ fill: value(`hue-${i}`), ink: value(`on-${i}`) });
  theme.hatched = {
    [NOBODY]: hatching(theme.hatch, theme.raised, ratio),
    [ZOMBIE]: hatching(theme.bad, theme.ground, ratio),
    [DOUBLE]: hatching(theme.ground, theme.bad, ratio),
    gone: hatching(theme.dim, "transparent", ratio),
    strip: hatching(theme.hatch, theme.idle, ratio),
  };
  theme.pixels = new Map();
}

function hatching(ink, ground, ratio) {
  const size = Math.round(6 * ratio);
  const tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = tile.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
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

/** {fill, ink} of a member; undefined: of one that is not on the page. */
function colorOf(member) {
  return member ? theme.members[member.color % theme.members.length] : { fill: theme.idle, ink: theme.ink };
}

/** A colour as a pixel of an image: alpha, blue, green, red. */
function pixel(color) {
  let found = theme.pixels.get(color);
  if (found === undefined) {
    const [red, green, blue] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    theme.pixels.set(color, (found = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0));
  }
  return found;
}
