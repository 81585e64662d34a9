// Sheets of numbered cells, and pictures of numbers where there are too many to read.

const MOST_CELLS = 18; // of a side whose numbers are written out, padding included

/**
 * A sheet of cells, each with a corner for its weight; `isField` says which can be typed in.
 * `cells` are the cells in order, and each keeps its field or text as `.shown`.
 */
function makeSheet(rows, cols, label, isField = () => false) {
  const sheet = element("div", { className: "sheet", ariaLabel: label });
  sheet.role = "group";
  sheet.style.setProperty("--cols", cols);
  sheet.cells = [];
  for (let n = 0; n < rows * cols; n++) {
    const [row, col] = [Math.floor(n / cols), n % cols];
    const shown = isField(row, col)
      ? element("input", { type: "text", inputMode: "decimal", autocomplete: "off", tabIndex: -1,
        spellcheck: false })
      : element("b");
    const cell = element("span", { className: "cell" }, shown, element("i"));
    cell.shown = shown;
    cell.place = [row, col];
    sheet.cells.push(cell);
  }
  sheet.append(...sheet.cells);
  sheet.size = [rows, cols];
  return sheet;
}

function makePicture(rows, cols, label) {
  const canvas = element("canvas", { width: cols, height: rows });
  const frame = element("div", { className: "sheet picture", ariaLabel: label }, canvas);
  frame.style.setProperty("--ratio", cols / rows);
  frame.size = [rows, cols];
  frame.role = "group";
  return frame;
}

/** Write a number into a cell, unless it is being typed there. */
function writeCell(cell, text, full) {
  const { shown } = cell;
  if (shown.tagName === "B") shown.textContent = text;
  else if (shown !== document.activeElement) shown.value = text;
  cell.title = full;
  cell.style.setProperty("--length", Math.max(text.length, 2));
}

/** Make a new sheet only where its shape, or what it is of, has changed: fields keep the focus. */
function keepSheets(container, signature, make) {
  if (container.signature === signature) return [...container.children];
  container.signature = signature;
  container.replaceChildren(...make());
  return [...container.children];
}

/** Frame the part of a sheet that starts at a row and column, both in cells. */
function frameOf(sheet, className) {
  return sheet.querySelector(`.${className}`)
    ?? sheet.appendChild(element("div", { className }));
}

function placeFrame(frame, sheet, row, col, high, wide) {
  const [rows, cols] = sheet.size;
  frame.style.top = `${(row / rows) * 100}%`;
  frame.style.left = `${(col / cols) * 100}%`;
  frame.style.height = `${(high / rows) * 100}%`;
  frame.style.width = `${(wide / cols) * 100}%`;
}

/** The row and column of a sheet under a pointer. */
function placeUnder(sheet, event) {
  const box = sheet.getBoundingClientRect();
  const [rows, cols] = sheet.size;
  const within = (part, count) => Math.min(Math.max(Math.floor(part * count), 0), count - 1);
  return [
    within((event.clientY - box.top) / box.height, rows),
    within((event.clientX - box.left) / box.width, cols),
  ];
}

/** The range of brightness: 0 to 1, 255, or the largest number there is. */
function rangeOf(numbers) {
  let [low, high] = [0, 0];
  for (const each of numbers) {
    low = Math.min(low, each);
    high = Math.max(high, each);
  }
  return [low, high > low ? high : low + 1];
}

const largestOf = (numbers) => {
  let largest = 0;
  for (const each of numbers) largest = Math.max(largest, Math.abs(each));
  return largest || 1;
};

/** The colours of the page as [red, green, blue], whatever the scheme. */
function colourOf(name) {
  const probe = element("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  byId("probe").className = name;
  probe.fillStyle = getComputedStyle(byId("probe")).color;
  probe.fillRect(0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** Paint pixels, each [red, green, blue] of its number, on a picture's canvas. */
function paintPixels(picture, colour) {
  const canvas = picture.firstElementChild;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  for (let n = 0; n < canvas.width * canvas.height; n++) {
    const [red, green, blue] = colour(n);
    pixels.data.set([red, green, blue, 255], n * 4);
  }
  context.putImageData(pixels, 0, 0);
}

const mixed = (one, other, share) => one.map((part, n) => part + (other[n] - part) * share);

/** Paint signed numbers: zero is paper, the largest ink of one colour or the other. */
function paintSigned(picture, numbers) {
  const [zero, plus, minus] = ["zero", "plus", "minus"].map(colourOf);
  const largest = largestOf(numbers);
  paintPixels(picture, (n) =>
    mixed(zero, numbers[n] < 0 ? minus : plus, Math.abs(numbers[n]) / largest));
}
