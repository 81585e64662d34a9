// The arithmetic of a window that slides: pure functions that compute what the engine computes.
// Correlation in 64 bits, so that sums of whole numbers up to 2⁵³ are exact.
//
// A lesson is { title, channels, height, width, volume, kernel: [kH, kW], filters: [{ name,
// weight }], bias, padding, mode, value, stride, dilation, activation, at, predict }; volumes and
// weights are flat, channel by channel and row by row, and bias is null or a number per filter.

const MODES = ["zeros", "constant", "replicate", "reflect", "symmetric", "circular"];
const ACTIVATIONS = ["none", "relu", "leaky-relu", "sigmoid", "tanh"];

/** How many pixels are added before and after an axis. */
function paddingOf(size, span, stride, padding) {
  if (padding === "valid") return [0, 0];
  if (padding !== "same") return padding;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + span - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** One axis of a convolution; `output` is ⌊(n + 2p − f)/s⌋ + 1, or 0 where the window is too large. */
function axisOf(size, kernel, stride, dilation, padding) {
  const span = dilation * (kernel - 1) + 1;
  const [before, after] = paddingOf(size, span, stride, padding);
  const padded = size + before + after;
  const output = padded < span ? 0 : Math.floor((padded - span) / stride) + 1;
  return { size, kernel, stride, dilation, span, before, after, padded, output };
}

/** Where the window lands: both axes. */
function geometryOf({ height, width, kernel, stride, dilation, padding }) {
  const ends = typeof padding === "string" ? [padding, padding] : [padding.slice(0, 2), padding.slice(2)];
  return {
    rows: axisOf(height, kernel[0], stride[0], dilation[0], ends[0]),
    cols: axisOf(width, kernel[1], stride[1], dilation[1], ends[1]),
  };
}

const modulo = (n, period) => ((n % period) + period) % period;

/** Which pixel of 0 … size − 1 stands at a position; −1 for the constant. */
function sourceOf(mode, position, size) {
  if (position >= 0 && position < size) return position;
  switch (mode) {
    case "replicate": return position < 0 ? 0 : size - 1;
    case "circular": return modulo(position, size);
    case "reflect": {
      const period = Math.max(2 * (size - 1), 1);
      return size - 1 - Math.abs(size - 1 - modulo(position, period));
    }
    case "symmetric": {
      const folded = modulo(position, 2 * size);
      return Math.min(folded, 2 * size - 1 - folded);
    }
    default: return -1;
  }
}

/** The sources of every padded position of an axis. */
const sourcesOf = ({ size, before, padded }, mode) =>
  Array.from({ length: padded }, (_, n) => sourceOf(mode, n - before, size));

/** The volume with its padding, flat, `channels` × rows.padded × cols.padded. */
function padVolume({ channels, height, width, volume, mode, value }, { rows, cols }) {
  const across = sourcesOf(cols, mode);
  const down = sourcesOf(rows, mode);
  const padded = new Float64Array(channels * rows.padded * cols.padded);
  const outside = mode === "constant" ? value : 0;
  let n = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const row of down) {
      const start = (channel * height + row) * width;
      for (const col of across) padded[n++] = row < 0 || col < 0 ? outside : volume[start + col];
    }
  }
  return padded;
}

/** What an activation makes of a response. */
function activate(response, activation) {
  switch (activation) {
    case "relu": return Math.max(response, 0);
    case "leaky-relu": return Math.max(response, response * 0.01);
    case "sigmoid": return (Math.tanh(response * 0.5) + 1) * 0.5;
    case "tanh": return Math.tanh(response);
    default: return response;
  }
}

/** The padded pixels under the window at an output position, flat, channels × kH × kW. */
function windowAt({ channels, kernel: [high, wide] }, { rows, cols }, padded, row, col) {
  const pixels = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < high; i++) {
      const y = channel * rows.padded + row * rows.stride + i * rows.dilation;
      for (let j = 0; j < wide; j++) {
        pixels.push(padded[y * cols.padded + col * cols.stride + j * cols.dilation]);
      }
    }
  }
  return pixels;
}

/** Where each tap of a window lies from its first: offsets into the padded volume. */
function tapOffsets({ channels, kernel: [high, wide] }, { rows, cols }) {
  const offsets = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < high; i++) {
      const y = channel * rows.padded + i * rows.dilation;
      for (let j = 0; j < wide; j++) offsets.push(y * cols.padded + j * cols.dilation);
    }
  }
  return Int32Array.from(offsets);
}

/** One filter's responses, before any activation: a flat map, rows.output × cols.output. */
function featureMap(weight, bias, offsets, padded, { rows, cols }) {
  const map = new Float64Array(rows.output * cols.output);
  for (let row = 0, n = 0; row < rows.output; row++) {
    for (let col = 0; col < cols.output; col++, n++) {
      const first = row * rows.stride * cols.padded + col * cols.stride;
      let sum = 0;
      for (let k = 0; k < offsets.length; k++) sum += weight[k] * padded[first + offsets[k]];
      map[n] = sum + bias;
    }
  }
  return map;
}

/** Everything that follows from a lesson: where the window lands, and every feature map. */
function compute(lesson) {
  const geometry = geometryOf(lesson);
  const padded = padVolume(lesson, geometry);
  const offsets = tapOffsets(lesson, geometry);
  const responses = lesson.filters.map(({ weight }, n) =>
    featureMap(weight, lesson.bias?.[n] ?? 0, offsets, padded, geometry));
  const maps = responses.map((map) => map.map((each) => activate(each, lesson.activation)));
  return { geometry, padded, responses, maps };
}

/** What the convolution costs. */
function costsOf({ channels, height, width, kernel, filters, bias }, { rows, cols }) {
  const count = filters.length;
  const connections = channels * kernel[0] * kernel[1];
  const outputs = rows.output * cols.output * count;
  const inputs = height * width * channels;
  return {
    count, connections, outputs, inputs,
    weights: count * connections,
    biases: bias ? count : 0,
    macs: outputs * connections,
    fullyConnected: inputs * outputs,
  };
}
