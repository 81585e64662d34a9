// A lesson as text, and back: the fragment of the page's address, which a teacher hands out. Only
// what differs from the defaults is written. What cannot be read throws an error that says why.

const LARGEST = 128; // pixels of a side
const LARGEST_KERNEL = 15;
const MOST_FILTERS = 8;
const LARGEST_STEP = 64; // of padding, stride and dilation
const AS_BYTES = 400; // numbers from which a picture of bytes is written as such

const DEFAULTS = {
  title: "", padding: "valid", mode: "zeros", value: 0, stride: [1, 1], dilation: [1, 1],
  bias: null, activation: "none", at: [0, 0], predict: false,
};

const isByte = (value) => Number.isInteger(value) && value >= 0 && value <= 255;
const same = (one, other) => String(one) === String(other);
const plain = (number) => String(number).replace("+", "");

/** Rows by semicolons, channels by slashes: 1,2;3,4/5,6;7,8. */
function writeRows(numbers, width, height) {
  let text = "";
  numbers.forEach((number, n) => {
    const mark = n % (width * height) === 0 ? "/" : n % width === 0 ? ";" : ",";
    text += (n ? mark : "") + plain(number);
  });
  return text;
}

function writeVolume({ volume, width, height, channels }) {
  if (volume.length <= AS_BYTES || !volume.every(isByte)) {
    return `grid=${writeRows(volume, width, height)}`;
  }
  let bytes = "";
  volume.forEach((value) => { bytes += String.fromCharCode(value); });
  const text = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `bytes=${height}x${width}x${channels}:${text}`;
}

/** The address's fragment of a lesson, without its #. */
function writeAddress(lesson) {
  const { kernel, filters, mode, value } = lesson;
  const parts = [writeVolume(lesson)];
  for (const { name, weight } of filters) {
    parts.push(`filter=${encodeURIComponent(name)}:${writeRows(weight, kernel[1], kernel[0])}`);
  }
  if (mode !== "zeros") parts.push(`mode=${mode === "constant" ? `constant:${plain(value)}` : mode}`);
  for (const name of ["padding", "stride", "dilation", "activation", "at", "bias"]) {
    if (!same(lesson[name], DEFAULTS[name]) && lesson[name] !== null) {
      parts.push(`${name}=${[lesson[name]].flat().map(String).join(",").replaceAll("+", "")}`);
    }
  }
  if (lesson.title) parts.push(`title=${encodeURIComponent(lesson.title)}`);
  if (lesson.predict) parts.push("predict=1");
  return parts.join("&");
}

function must(holds, why) {
  if (!holds) throw new Error(why);
}

function readNumber(text, what) {
  const number = text.trim() === "" ? NaN : Number(text);
  must(Number.isFinite(number), `${what} holds “${text.slice(0, 20)}”, which is no number`);
  return number;
}

function readWhole(text, what, lowest, highest) {
  const number = readNumber(text, what);
  must(Number.isInteger(number) && number >= lowest && number <= highest,
    `${what} is a whole number from ${lowest} to ${highest}`);
  return number;
}

/** Read rows of numbers into { numbers, height, width, channels }. */
function readRows(text, what, largest) {
  const sheets = text.split("/").map((sheet) => sheet.split(";").map((row) => row.split(",")));
  const [height, width] = [sheets[0].length, sheets[0][0].length];
  must(height <= largest && width <= largest, `${what} is larger than ${largest}×${largest}`);
  must(sheets.length === 1 || sheets.length === 3, `${what} has one channel or three`);
  must(sheets.every((sheet) => sheet.length === height && sheet.every((row) => row.length === width)),
    `${what} has rows of different lengths`);
  const numbers = sheets.flat(2).map((cell) => readNumber(cell, what));
  return { numbers, height, width, channels: sheets.length };
}

function readBytes(text) {
  const [, ...sizes] = /^(\d+)x(\d+)x([13]):/.exec(text) ?? [];
  must(sizes.length === 3, "bytes start with their height, width and channels");
  const [height, width, channels] = sizes.map(Number);
  must(Math.max(height, width) <= LARGEST, `bytes are larger than ${LARGEST}×${LARGEST}`);
  const coded = text.slice(text.indexOf(":") + 1).replaceAll("-", "+").replaceAll("_", "/");
  let bytes = "";
  try {
    bytes = atob(coded);
  } catch { /* they are counted below */ }
  must(bytes.length > 0 && bytes.length === height * width * channels, "bytes are cut short");
  return { numbers: Array.from(bytes, (each) => each.charCodeAt(0)), height, width, channels };
}

function readFilter(text) {
  const end = text.lastIndexOf(":");
  const { numbers, height, width, channels } = readRows(text.slice(end + 1), "filter", LARGEST_KERNEL);
  return { name: text.slice(0, Math.max(end, 0)), weight: numbers, kernel: [height, width], channels };
}

function readPair(text, what, lowest) {
  const numbers = text.split(",").map((each) => readWhole(each, what, lowest, LARGEST_STEP));
  must(numbers.length <= 2, `${what} is one number or two`);
  return numbers.length === 1 ? [numbers[0], numbers[0]] : numbers;
}

/** Read valid, same, N, H,W or T,B,L,R. */
function readPadding(text) {
  if (text === "valid" || text === "same") return text;
  const numbers = text.split(",").map((each) => readWhole(each, "padding", 0, LARGEST_STEP));
  if (numbers.length === 1) return Array(4).fill(numbers[0]);
  if (numbers.length === 2) return [numbers[0], numbers[0], numbers[1], numbers[1]];
  must(numbers.length === 4, "padding is one number, two, or four");
  return numbers;
}

function readMode(text) {
  const [mode, value] = text.split(":");
  must(MODES.includes(mode) && (value === undefined) === (mode !== "constant"),
    `padding mode “${text.slice(0, 20)}” is unknown`);
  return { mode, value: value === undefined ? 0 : readNumber(value, "mode") };
}

function oneOf(text, known, what) {
  must(known.includes(text), `${what} “${text.slice(0, 20)}” is unknown`);
  return text;
}

const READERS = {
  title: (text) => ({ title: text }),
  padding: (text) => ({ padding: readPadding(text) }),
  mode: readMode,
  stride: (text) => ({ stride: readPair(text, "stride", 1) }),
  dilation: (text) => ({ dilation: readPair(text, "dilation", 1) }),
  activation: (text) => ({ activation: oneOf(text, ACTIVATIONS, "activation") }),
  bias: (text) => ({ bias: text.split(",").map((each) => readNumber(each, "bias")) }),
  at: (text) => ({ at: text.split(",").map((each) => readWhole(each, "at", 0, 2 ** 16)) }),
  predict: (text) => ({ predict: text === "1" }),
};

/** The parts of an address, each [name, text]. */
const partsOf = (fragment) => fragment.split("&").map((part) => {
  const end = part.indexOf("=");
  try {
    return [part.slice(0, Math.max(end, 0)), decodeURIComponent(part.slice(end + 1))];
  } catch {
    throw new Error("a % stands for no letter");
  }
});

/** Read an address's fragment into a lesson. */
function readAddress(fragment) {
  const parts = partsOf(fragment);
  const texts = Object.fromEntries(parts);
  must("grid" in texts || "bytes" in texts, "it has no grid");
  const { numbers, ...shape } = "bytes" in texts ? readBytes(texts.bytes) : readRows(texts.grid, "grid", LARGEST);
  const filters = parts.filter(([name]) => name === "filter").map(([, text]) => readFilter(text));
  must(filters.length > 0 && filters.length <= MOST_FILTERS, `it has one filter to ${MOST_FILTERS}`);
  const [{ kernel }] = filters;
  must(filters.every((one) => same(one.kernel, kernel)), "its filters differ in size");
  must(filters.every((one) => one.channels === shape.channels), "a filter has not as many channels as the grid");
  const lesson = { ...DEFAULTS, ...shape, volume: Float64Array.from(numbers), kernel,
    filters: filters.map(({ name, weight }) => ({ name, weight })) };
  for (const [name, text] of Object.entries(texts)) {
    if (Object.hasOwn(READERS, name)) Object.assign(lesson, READERS[name](text));
  }
  must(lesson.bias === null || lesson.bias.length === filters.length, "it has not a bias for each filter");
  must(lesson.at.length === 2, "at is a row and a column");
  return lesson;
}
