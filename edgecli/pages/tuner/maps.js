// From soft maps to lines: pure functions over flat maps, row by row.

const byId = (id) => document.getElementById(id);
const read = (name) => JSON.parse(byId(`data-${name}`).textContent);

/** Unpack a map: for each pixel, how many steps of the threshold it exceeds. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Hysteresis: what exceeds the step `low` and is connected to what exceeds `high`, at corners too. */
function linked(map, width, height, low, high) {
  const mask = new Uint8Array(map.length);
  const waiting = [];
  const strong = Math.max(low, high);
  for (let start = 0; start < map.length; start++) {
    if (map[start] <= strong || mask[start]) continue;
    mask[start] = 1;
    waiting.push(start);
    while (waiting.length) {
      const place = waiting.pop();
      const [row, col] = [Math.floor(place / width), place % width];
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
        for (let x = Math.max(col - 1, 0); x <= Math.min(col + 1, width - 1); x++) {
          const near = y * width + x;
          if (map[near] <= low || mask[near]) continue;
          mask[near] = 1;
          waiting.push(near);
        }
      }
    }
  }
  return mask;
}

/** How many pixels of each row a disc covers: those whose centres lie in it. */
function chords(width) {
  const centres = Array.from({ length: width }, (_, place) => 2 * place - (width - 1));
  return centres.map((y) => centres.filter((x) => x * x + y * y <= width * width).length);
}

/** Lines drawn by a round pen; the odd pixel of an even width lies to the right and below. */
function drawn(mask, width, height, pen) {
  if (pen === 1) return mask;
  const out = new Uint8Array(mask.length);
  const disc = chords(pen);
  const above = Math.floor((pen - 1) / 2);
  mask.forEach((on, place) => {
    if (!on) return;
    const [row, col] = [Math.floor(place / width), place % width];
    disc.forEach((length, n) => {
      const y = row - above + n;
      if (y < 0 || y >= height) return;
      const from = Math.max(col - Math.floor((length - 1) / 2), 0);
      const to = Math.min(col + Math.floor(length / 2), width - 1);
      out.fill(1, y * width + from, y * width + to + 1);
    });
  });
  return out;
}
