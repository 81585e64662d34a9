// Ends of lines that point at each other are joined, as --close-gaps has it (edgecli/strokes).

const WIDEST_TURN = Math.PI / 4; // an end points at another that lies no further off its way
const AT_CORNERS = Math.PI / 2; // or, at a corner, this
const CORNER = 3; // pixels between the ends of two sides of one, at most
const BEHIND = 1; // pixels behind an end from which that is seen
const NARROWEST = 2; // pixels at which gaps begin

/** The angle between two directions. */
const turnBetween = ([x, y], [toX, toY]) => Math.atan2(Math.abs(x * toY - y * toX), x * toX + y * toY);

/** What joining two ends costs, or nothing where they do not point at each other. */
function costOf(one, other, widest) {
  const gap = [0, 1].map((axis) => other.point[axis] - one.point[axis]);
  const far = Math.hypot(...gap);
  const across = gap.map((along, axis) => along - BEHIND * (other.out[axis] - one.out[axis]));
  const turns = [turnBetween(one.out, across), turnBetween(other.out, across.map((along) => -along))];
  const facing = (one.out[0] - other.out[0]) * gap[0] + (one.out[1] - other.out[1]) * gap[1] > 0;
  const most = far <= CORNER ? AT_CORNERS : WIDEST_TURN;
  return far <= widest && facing && Math.max(...turns) <= most ? far * (1 + turns[0] + turns[1]) : null;
}

/** Pairs of ends at most some pixels apart, with their costs, by square cells as wide as that. */
function pairsWithin(open, widest) {
  const cells = new Map();
  const cellOf = ({ point }) => point.map((along) => Math.floor(along / Math.max(widest, 1)));
  open.forEach((one, n) => {
    const key = cellOf(one).join();
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(n);
  });
  const pairs = [];
  open.forEach((one, n) => {
    const [col, row] = cellOf(one);
    for (const [x, y] of [[0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]) {
      for (const other of cells.get(`${col + x},${row + y}`) ?? []) {
        if (x === 0 && y === 0 && other <= n) continue;
        const cost = costOf(one, open[other], widest);
        if (cost !== null) pairs.push({ one, other: open[other], cost });
      }
    }
  });
  return pairs.sort((a, b) => a.cost - b.cost);
}

/** Steps across gaps, each end's at most once: narrow gaps first, then the nearest and straightest. */
function bridged(ends, points, most) {
  const { degrees, mate } = throughMates(ends, points.length);
  let open = [];
  ends.forEach((node, h) => {
    if (degrees[node] !== 1) return;
    open.push({ node, point: points[node], out: lookAhead(ends, points, mate, h).map((along) => -along) });
  });
  const steps = [];
  const rounds = Math.ceil(Math.log2(Math.max(most / NARROWEST, 1)));
  for (let round = rounds; round >= 0; round--) {
    const used = new Set();
    for (const { one, other } of pairsWithin(open, most * 0.5 ** round)) {
      if (used.has(one) || used.has(other)) continue;
      used.add(one).add(other);
      steps.push(one.node, other.node);
    }
    open = open.filter((one) => !used.has(one));
  }
  return steps;
}

/** Draw the pixels between two pixels, each given by its place. */
function drawAcross(out, width, from, to) {
  const [row, col] = [Math.floor(from / width), from % width];
  const [down, across] = [Math.floor(to / width) - row, (to % width) - col];
  const steps = Math.max(Math.abs(down), Math.abs(across));
  for (let n = 1; n < steps; n++) {
    const share = n / steps;
    out[Math.floor(row + down * share + 0.5) * width + Math.floor(col + across * share + 0.5)] = 1;
  }
}
