// The input: numbers that are typed, a picture that is dropped, pasted or opened, a pen that draws.

let isDrawing = false; // the pen is taken up

/** The luma of colours, in the engine's whole numbers; of other numbers the same weights. */
function lumaOf(red, green, blue) {
  return [red, green, blue].every(isByte)
    ? (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    : 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** A volume of another size, from the top left, zero where there was nothing. */
function resizedVolume({ volume, channels, height, width }, high, wide) {
  const made = new Float64Array(channels * high * wide);
  for (let n = 0; n < made.length; n++) {
    const [col, row, channel] = [n % wide, Math.floor(n / wide) % high, Math.floor(n / (high * wide))];
    if (row < height && col < width) made[n] = volume[(channel * height + row) * width + col];
  }
  return made;
}

/** The lesson's grid in colour or in grey, with filters as deep. */
function withChannels(channels) {
  const { volume, height, width, filters, kernel } = lesson;
  const [plane, area] = [height * width, kernel[0] * kernel[1]];
  if (channels === lesson.channels) return {};
  const deep = channels === 3;
  const grid = deep ? [...volume, ...volume, ...volume]
    : Array.from({ length: plane }, (_, n) => lumaOf(volume[n], volume[plane + n], volume[2 * plane + n]));
  const filtersMade = filters.map(({ name, weight }) => ({
    name, weight: deep ? [...weight, ...weight, ...weight] : weight.slice(0, area),
  }));
  return { channels, volume: Float64Array.from(grid), filters: filtersMade };
}

/** Take a picture's pixels, made smaller where it is larger than the page's largest. */
async function takePicture(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    say(`${file.name || "That"} is no picture that this browser can read; try a PNG or a JPEG.`);
    return;
  }
  const share = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const [wide, high] = [bitmap.width, bitmap.height].map((side) => Math.max(Math.round(side * share), 1));
  const context = element("canvas", { width: wide, height: high }).getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, wide, high);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, wide, high);
  const { data } = context.getImageData(0, 0, wide, high);
  const planes = Array.from({ length: 3 }, (_, channel) =>
    Array.from({ length: wide * high }, (_, n) => data[n * 4 + channel]));
  const volume = lesson.channels === 3 ? planes.flat()
    : planes[0].map((red, n) => lumaOf(red, planes[1][n], planes[2][n]));
  change({ title: file.name ?? "", height: high, width: wide, volume: Float64Array.from(volume), at: [0, 0] });
  say(share < 1 ? `The picture was made smaller, to ${times(high, wide)}.`
    : `The picture has ${times(high, wide)} pixels.`);
}

/** Draw a dot around a pixel of the unpadded input. */
function draw(row, col) {
  const reach = Number(byId("pen-size").value) - 1;
  const value = typed(byId("pen").value);
  if (Number.isNaN(value)) return;
  const volume = Float64Array.from(lesson.volume);
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, lesson.height - 1); y++) {
    for (let x = Math.max(col - reach, 0); x <= Math.min(col + reach, lesson.width - 1); x++) {
      if ((y - row) ** 2 + (x - col) ** 2 > (reach + 0.3) ** 2) continue;
      for (let channel = 0; channel < lesson.channels; channel++) {
        volume[(channel * lesson.height + y) * lesson.width + x] = value;
      }
    }
  }
  change({ volume });
}

function takePen(taken) {
  isDrawing = taken;
  byId("draw").ariaPressed = String(taken);
  byId("pens").hidden = !taken;
  byId("input").classList.toggle("drawing", taken);
}

/** A sheet to draw on: as it is, or a larger one where there is little room. */
function cleanSheet() {
  const side = Math.max(lesson.height, lesson.width) < 12 ? [16, 16] : [lesson.height, lesson.width];
  change({ title: "", height: side[0], width: side[1], volume: new Float64Array(lesson.channels * side[0] * side[1]) });
  if (rangeOf(lesson.volume)[1] <= 1) byId("pen").value = "9";
  takePen(true);
}

byId("draw").addEventListener("click", () => takePen(!isDrawing));
byId("clear").addEventListener("click", cleanSheet);
byId("random").addEventListener("click", () => {
  change({ volume: lesson.volume.map(() => Math.floor(Math.random() * 10)) });
});
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", () => {
  const [file] = byId("file").files;
  if (file) takePicture(file);
  byId("file").value = "";
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) takePicture(file);
});
addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) takePicture(file);
});
