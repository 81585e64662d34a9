// What the lesson shows: the input under its window, the kernels, and the feature maps.

let lesson; // what is shown; see arithmetic.js
let worked; // what follows from it; see compute
let ahead = Infinity; // of a window that plays: maps are empty from this position on

const places = () => worked.geometry.rows.output * worked.geometry.cols.output;
const fits = () => places() > 0;
const order = ([row, col]) => row * worked.geometry.cols.output + col;
const isNumbered = ([rows, cols]) => rows <= MOST_CELLS && cols <= MOST_CELLS;
const paddedSize = () => [worked.geometry.rows.padded, worked.geometry.cols.padded];
const outputSize = () => [worked.geometry.rows.output, worked.geometry.cols.output];
const isInside = (row, col) => {
  const { rows, cols } = worked.geometry;
  return row >= rows.before && row < rows.before + rows.size
    && col >= cols.before && col < cols.before + cols.size;
};

// --- the input ---

function inputSheets() {
  const [rows, cols] = paddedSize();
  if (!isNumbered([rows, cols])) {
    const picture = makePicture(rows, cols, "Input, a picture; arrow keys move the window");
    picture.tabIndex = 0;
    picture.role = "application";
    picture.classList.add("moves", "input");
    return [picture];
  }
  return channelNames(lesson).map((channel, n) => {
    const label = lesson.channels === 1 ? "Input" : `Input, ${channel}`;
    const sheet = makeSheet(rows, cols, label, isInside);
    sheet.classList.add("input", channel);
    sheet.dataset.channel = n;
    sheet.cells.forEach((cell) => {
      const [row, col] = cell.place.map((at, axis) => at - [worked.geometry.rows, worked.geometry.cols][axis].before);
      cell.classList.toggle("padding", cell.shown.tagName === "B");
      cell.shown.ariaLabel = `${label}, row ${row}, column ${col}`;
    });
    const first = sheet.cells.find((cell) => cell.shown.tagName === "INPUT");
    if (first) first.shown.tabIndex = 0;
    return sheet;
  });
}

function drawInput() {
  const [rows, cols] = paddedSize();
  const { before: top, size: high } = worked.geometry.rows;
  const { before: left, size: wide } = worked.geometry.cols;
  const signature = [rows, cols, top, left, high, wide, lesson.channels].join();
  const sheets = keepSheets(byId("input"), signature, inputSheets);
  const range = rangeOf(lesson.volume);
  if (sheets[0].cells) sheets.forEach((sheet, n) => fillInput(sheet, n, range));
  else paintInput(sheets[0], range);
}

function fillInput(sheet, channel, [low, high]) {
  const start = channel * sheet.cells.length;
  sheet.cells.forEach((cell, n) => {
    const value = worked.padded[start + n];
    const light = Math.min(Math.max((value - low) / (high - low), 0), 1);
    writeCell(cell, short(value), written(value, 17));
    cell.style.setProperty("--light", `${Math.round(light * 100)}%`);
    cell.classList.toggle("dark", light < 0.5);
  });
}

function paintInput(picture, [low, high]) {
  const plane = worked.padded.length / lesson.channels;
  const tint = colourOf("padding");
  const cols = picture.size[1];
  paintPixels(picture, (n) => {
    const grey = (channel) => ((worked.padded[channel * plane + n] - low) / (high - low)) * 255;
    const pixel = lesson.channels === 3 ? [grey(0), grey(1), grey(2)] : Array(3).fill(grey(0));
    return isInside(Math.floor(n / cols), n % cols) ? pixel : mixed(pixel, tint, 0.45);
  });
}

/** Of a picture, the numbers under the window, enlarged. */
function drawLoupe() {
  const isPicture = !isNumbered(paddedSize());
  byId("loupe-group").hidden = !isPicture || !fits();
  if (byId("loupe-group").hidden) return;
  const [high, wide] = lesson.kernel;
  const make = () => channelNames(lesson).map((channel) => {
    const sheet = makeSheet(high, wide, `Under the window, ${channel}`);
    sheet.classList.add("input", channel);
    return sheet;
  });
  const sheets = keepSheets(byId("loupe"), [high, wide, lesson.channels].join(), make);
  const pixels = windowAt(lesson, worked.geometry, worked.padded, ...lesson.at);
  const [low, highest] = rangeOf(lesson.volume);
  sheets.forEach((sheet, channel) => sheet.cells.forEach((cell, n) => {
    const value = pixels[channel * high * wide + n];
    const light = Math.min(Math.max((value - low) / (highest - low), 0), 1);
    writeCell(cell, short(value), written(value, 17));
    cell.style.setProperty("--light", `${Math.round(light * 100)}%`);
    cell.classList.toggle("dark", light < 0.5);
  }));
}

// --- kernels ---

function kernelSheets(n) {
  return channelNames(lesson).map((channel, c) => {
    const label = `Kernel ${n + 1}${lesson.channels === 3 ? `, ${channel}` : ""}`;
    const sheet = makeSheet(...lesson.kernel, label, () => true);
    sheet.classList.add("signed", "kernel", channel);
    Object.assign(sheet.dataset, { filter: n, channel: c });
    sheet.cells[0].shown.tabIndex = 0;
    sheet.cells.forEach(({ shown, place: [row, col] }) => {
      shown.ariaLabel = `${label}, row ${row}, column ${col}`;
    });
    return sheet;
  });
}

function drawKernels() {
  const area = lesson.kernel[0] * lesson.kernel[1];
  lesson.filters.forEach(({ weight }, n) => {
    const largest = largestOf(weight);
    const shape = [...lesson.kernel, lesson.channels, n].join();
    const sheets = keepSheets(byId(`kernel-${n}`), shape, () => kernelSheets(n));
    sheets.forEach((sheet, channel) => sheet.cells.forEach((cell, k) => {
      const value = weight[channel * area + k];
      writeCell(cell, short(value), written(value, 17));
      heat(cell, value / largest);
    }));
  });
}

/** Tint a cell by a signed share of the largest number. */
function heat(cell, share) {
  cell.style.setProperty("--heat", `${Math.round(Math.abs(share) * 100)}%`);
  cell.classList.toggle("below", share < 0);
}

// --- feature maps ---

function mapSheets() {
  return lesson.filters.map(({ name }, n) => {
    const [rows, cols] = outputSize();
    const label = `Feature map of ${name || `filter ${n + 1}`}; arrow keys move the window`;
    const sheet = (isNumbered([rows, cols]) ? makeSheet : makePicture)(rows, cols, label);
    sheet.classList.add("signed", "map", "moves", `map-${n}`);
    sheet.role = "application";
    sheet.tabIndex = 0;
    return sheet;
  });
}

function drawMaps() {
  const names = lesson.filters.map(({ name }) => name).join();
  const sheets = keepSheets(byId("maps"), [...outputSize(), names].join(), () => (fits() ? mapSheets() : []));
  byId("maps").style.setProperty("--across", outputSize()[1]);
  sheets.forEach((sheet, n) => {
    if (sheet.cells) fillMap(sheet, n);
    else paintMap(sheet, n);
  });
}

function fillMap(sheet, n) {
  const map = worked.maps[n];
  const largest = largestOf(map);
  sheet.cells.forEach((cell, k) => {
    const answer = lesson.predict ? answerAt(n, k) : null;
    const hidden = k > ahead || (lesson.predict && !answer?.right);
    const text = hidden ? "" : short(map[k]);
    writeCell(cell, answer && !answer.right ? signed(answer.text) : text, hidden ? "" : written(map[k], 17));
    heat(cell, hidden ? 0 : map[k] / largest);
    cell.classList.toggle("right", Boolean(answer?.right));
    cell.classList.toggle("wrong", Boolean(answer && !answer.right));
  });
}

function paintMap(picture, n) {
  const map = worked.maps[n];
  paintSigned(picture, map.map((value, k) =>
    (k > ahead || (lesson.predict && !answerAt(n, k)?.right) ? 0 : value)));
}

// --- the window ---

/** Lay the window over the input and mark where its sum stands in the maps. */
function drawWindow() {
  const { rows, cols } = worked.geometry;
  const [row, col] = lesson.at;
  const [top, left] = [row * rows.stride, col * cols.stride];
  byId("input").querySelectorAll(".sheet").forEach((sheet) => {
    const frame = frameOf(sheet, "window");
    frame.hidden = !fits();
    placeFrame(frame, sheet, top, left, rows.span, cols.span);
    if (sheet.cells) markTaps(sheet, top, left);
  });
  byId("maps").querySelectorAll(".sheet").forEach((sheet) => {
    placeFrame(frameOf(sheet, "spot"), sheet, row, col, 1, 1);
  });
}

function markTaps(sheet, top, left) {
  const { rows, cols } = worked.geometry;
  const { weight } = lesson.filters[chosen];
  const start = (sheet.dataset.channel ?? 0) * rows.kernel * cols.kernel;
  sheet.cells.forEach((cell) => {
    const [i, j] = [(cell.place[0] - top) / rows.dilation, (cell.place[1] - left) / cols.dilation];
    const isTap = fits() && Number.isInteger(i) && Number.isInteger(j)
      && i >= 0 && i < rows.kernel && j >= 0 && j < cols.kernel;
    cell.classList.toggle("tap", isTap);
    const own = isTap ? `×${short(weight[start + i * cols.kernel + j])}` : "";
    cell.lastElementChild.textContent = own;
  });
}
