// Gaps close and short lines go, as --close-gaps and --min-length have it (edgecli/strokes): pixels
// are a graph, whose branches are measured as if they went smoothly through their pixels.
//
// Step n leads from `ends[2n]` to `ends[2n + 1]`. Half-edge h leaves the node ends[h]; h ^ 1 leads
// back. `mate[h]` is the half-edge by which a line that comes to that node by h ^ 1 goes on, or −1.

const REACH = 5; // steps that tell where a branch leads
const MOST_TURN = (60.5 * Math.PI) / 180; // of three branches two turn no more

/** The root of a node in a forest, whose paths are halved on the way. */
function rootOf(parents, start) {
  let node = start;
  while (parents[node] !== node) {
    parents[node] = parents[parents[node]];
    node = parents[node];
  }
  return node;
}

/** Steps between pixels that touch; at a corner only where no neighbour of both is there. */
function neighbours(mask, width, height, pixels, index) {
  const ends = [];
  const thick = new Uint8Array(pixels.length);
  const at = (row, col) =>
    (row < height && col >= 0 && col < width && mask[row * width + col] ? index[row * width + col] : -1);
  pixels.forEach((place, here) => {
    const [row, col] = [Math.floor(place / width), place % width];
    const [west, east] = [at(row, col - 1), at(row, col + 1)];
    const [southwest, south, southeast] = [at(row + 1, col - 1), at(row + 1, col), at(row + 1, col + 1)];
    if (east >= 0) ends.push(here, east);
    if (south >= 0) ends.push(here, south);
    if (southwest >= 0 && south < 0 && west < 0) ends.push(here, southwest);
    if (southeast >= 0 && south < 0 && east < 0) ends.push(here, southeast);
    if (east >= 0 && south >= 0 && southeast >= 0) {
      for (const one of [here, east, south, southeast]) thick[one] = 1;
    }
  });
  return { ends, thick };
}

function degreesOf(ends, count) {
  const degrees = new Uint32Array(count);
  for (const node of ends) degrees[node] += 1;
  return degrees;
}

/** Which node each pixel is of: junctions that fit into a square of 2 × 2 are one, their first. */
function clusters({ ends, thick }, points) {
  const count = points.length;
  const degrees = degreesOf(ends, count);
  const isJunction = (node) => thick[node] || degrees[node] > 2;
  const parents = Int32Array.from({ length: count }, (_, n) => n);
  for (let n = 0; n < ends.length; n += 2) {
    if (!isJunction(ends[n]) || !isJunction(ends[n + 1])) continue;
    const [one, other] = [rootOf(parents, ends[n]), rootOf(parents, ends[n + 1])];
    parents[Math.max(one, other)] = Math.min(one, other);
  }
  const members = new Map();
  for (let node = 0; node < count; node++) {
    const root = rootOf(parents, node);
    if (root === node && !isJunction(node)) continue;
    if (!members.has(root)) members.set(root, []);
    members.get(root).push(node);
  }
  const into = Int32Array.from({ length: count }, (_, n) => n);
  const middles = points.map((point) => [...point]);
  for (const [root, nodes] of members) {
    const along = [0, 1].map((axis) => nodes.map((n) => points[n][axis]));
    if (along.some((values) => Math.max(...values) - Math.min(...values) > 1)) continue;
    for (const node of nodes) into[node] = root;
    middles[root] = along.map((values) => values.reduce((sum, value) => sum + value) / nodes.length);
  }
  return { into, middles };
}

/** Move every point that is no end to the middle between it and the mean of its neighbours. */
function smoothed(points, ends) {
  const degrees = degreesOf(ends, points.length);
  const sums = points.map(() => [0, 0]);
  ends.forEach((node, h) => {
    const [x, y] = points[ends[h ^ 1]];
    sums[node][0] += x;
    sums[node][1] += y;
  });
  return points.map((point, n) =>
    (degrees[n] > 1 ? point.map((along, axis) => (along + sums[n][axis] / degrees[n]) / 2) : point));
}

/** Mates at nodes that two half-edges leave. */
function throughMates(ends, count) {
  const degrees = degreesOf(ends, count);
  const [first, mate] = [new Int32Array(count).fill(-1), new Int32Array(ends.length).fill(-1)];
  ends.forEach((node, h) => {
    if (degrees[node] !== 2) return;
    if (first[node] < 0) first[node] = h;
    else [mate[h], mate[first[node]]] = [first[node], h];
  });
  return { degrees, mate };
}

/** Every line in one of its directions: its half-edges, and whether it is a loop. */
function follow(mate) {
  const seen = new Uint8Array(mate.length / 2);
  const paths = [];
  const walk = (start) => {
    const halves = [];
    let h = start;
    while (h >= 0 && !seen[h >> 1]) {
      seen[h >> 1] = 1;
      halves.push(h);
      h = mate[h ^ 1];
    }
    return { halves, isLoop: h === start };
  };
  for (let h = 0; h < mate.length; h++) if (mate[h] < 0 && !seen[h >> 1]) paths.push(walk(h));
  for (let h = 0; h < mate.length; h++) if (!seen[h >> 1]) paths.push(walk(h));
  return paths;
}

/** Which of some branches are spurs that go: too short, and not one of two that a junction keeps. */
function spurs(branches, degrees, shortest) {
  const leadsNowhere = (from, to) => Math.min(degrees[from], degrees[to]) === 1 || from === to;
  const isSpur = branches.map(({ from, to, far }) => leadsNowhere(from, to)
    && Math.max(degrees[from], degrees[to]) > 2 && far < shortest);
  const meeting = new Map();
  branches.forEach(({ from, to }, n) => {
    for (const node of [from, to]) {
      if (degrees[node] <= 2) continue;
      if (!meeting.has(node)) meeting.set(node, []);
      meeting.get(node).push(n);
    }
  });
  const goes = new Uint8Array(branches.length);
  for (const met of meeting.values()) {
    met.sort((a, b) => isSpur[a] - isSpur[b] || branches[b].far - branches[a].far);
    for (const n of met.slice(2)) goes[n] = isSpur[n];
  }
  return goes;
}

/** The steps that stay where spurs go, round by round: what is left of a junction is one branch. */
function pruned(ends, points, shortest) {
  const lengthOf = (from, to) => Math.hypot(points[to][0] - points[from][0], points[to][1] - points[from][1]);
  let steps = [];
  for (let n = 0; n < ends.length; n += 2) {
    steps.push({ from: ends[n], to: ends[n + 1], far: lengthOf(ends[n], ends[n + 1]), own: [n] });
  }
  for (;;) {
    const coarse = steps.flatMap(({ from, to }) => [from, to]);
    const { degrees, mate } = throughMates(coarse, points.length);
    const branches = follow(mate).map(({ halves }) => ({
      from: coarse[halves[0]],
      to: coarse[halves[halves.length - 1] ^ 1],
      far: halves.reduce((sum, h) => sum + steps[h >> 1].far, 0),
      own: halves.flatMap((h) => steps[h >> 1].own),
    }));
    const goes = spurs(branches, degrees, shortest);
    const left = branches.filter((_, n) => !goes[n]);
    if (left.length === branches.length) break;
    steps = left;
  }
  return steps.flatMap(({ own }) => own.flatMap((n) => [ends[n], ends[n + 1]]));
}

/** The direction in which a half-edge sets out, of length 1. */
function lookAhead(ends, points, mate, start) {
  const [x, y] = points[ends[start]];
  const [way, total] = [[0, 0], [0, 0]];
  let h = start;
  for (let n = 0; n < REACH && h >= 0; n++) {
    const [toX, toY] = points[ends[h ^ 1]];
    way[0] += toX - x;
    way[1] += toY - y;
    total[0] += way[0];
    total[1] += way[1];
    h = mate[h ^ 1];
  }
  const length = Math.hypot(...total) || 1;
  return total.map((along) => along / length);
}

/** Let lines go straight through junctions: the pair that turns least first. */
function joined(ends, points) {
  const { degrees, mate } = throughMates(ends, points.length);
  const leaving = new Map();
  ends.forEach((node, h) => {
    if (degrees[node] <= 2) return;
    if (!leaving.has(node)) leaving.set(node, []);
    leaving.get(node).push({ h, way: lookAhead(ends, points, mate, h) });
  });
  const mates = mate.slice();
  for (const halves of leaving.values()) {
    const pairs = halves.flatMap((one, n) => halves.slice(n + 1).map((other) =>
      ({ one, other, straight: -(one.way[0] * other.way[0] + one.way[1] * other.way[1]) })));
    pairs.sort((a, b) => b.straight - a.straight);
    for (const { one, other, straight } of pairs) {
      if (straight < Math.cos(MOST_TURN) || mates[one.h] >= 0 || mates[other.h] >= 0) continue;
      [mates[one.h], mates[other.h]] = [other.h, one.h];
    }
  }
  return { degrees, mate: mates };
}

/** Lines whose gaps up to some pixels are closed, without those that are too short, and such spurs. */
function cleaned(mask, width, height, shortest, widest) {
  if (shortest <= 0 && widest <= 0) return mask;
  const pixels = [];
  const index = new Int32Array(mask.length);
  mask.forEach((on, place) => { if (on) index[place] = pixels.push(place) - 1; });
  const points = pixels.map((place) => [(place % width) + 0.5, Math.floor(place / width) + 0.5]);
  const found = neighbours(mask, width, height, pixels, index);
  const { into, middles } = clusters(found, points);
  const merged = [];
  for (let n = 0; n < found.ends.length; n += 2) {
    const [from, to] = [into[found.ends[n]], into[found.ends[n + 1]]];
    if (from !== to) merged.push(from, to);
  }
  const smooth = smoothed(middles, merged);
  const gaps = widest > 0 ? bridged(merged, smooth, widest) : [];
  const ends = pruned([...merged, ...gaps], smooth, shortest);
  const { degrees, mate } = joined(ends, smooth);
  const stays = Uint8Array.from(pixels, (_, n) => shortest <= 0 && degrees[n] === 0); // single pixels
  for (const { halves } of follow(mate)) {
    const far = halves.reduce((sum, h) => {
      const [[x, y], [toX, toY]] = [smooth[ends[h]], smooth[ends[h ^ 1]]];
      return sum + Math.hypot(toX - x, toY - y);
    }, 0);
    const isBetween = halves.length === 1 && degrees[ends[halves[0]]] > 2 && degrees[ends[halves[0] ^ 1]] > 2;
    if (far < shortest || isBetween) continue;
    for (const h of halves) stays[ends[h]] = stays[ends[h ^ 1]] = 1;
  }
  const out = new Uint8Array(mask.length);
  pixels.forEach((place, n) => { out[place] = stays[into[n]]; });
  for (let n = 0; n < gaps.length; n += 2) {
    if (stays[gaps[n]] && stays[gaps[n + 1]]) drawAcross(out, width, pixels[gaps[n]], pixels[gaps[n + 1]]);
  }
  return out;
}
