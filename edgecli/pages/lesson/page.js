// Everything put together: what changes is computed and drawn, and kept in the address.

const builtins = JSON.parse(byId("data-builtins").textContent);
const start = JSON.parse(byId("data-start").textContent);
const [SMALLEST_CELL, LARGEST_CELL] = [22, 54]; // px
const AROUND_STAGE = 324; // px of the view's height for the head, the controls and the sum
const KEPT_AFTER = 300; // ms: browsers refuse addresses that change too often

let keeping = 0;

function say(text) {
  byId("said").textContent = text;
}

function keepAddress() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    history.replaceState(null, "", `#${writeAddress(lesson)}`);
  }, KEPT_AFTER);
}

function drawHead() {
  const name = lesson.title || "A window that slides";
  byId("title").textContent = name;
  document.title = `${name} · convolution`;
  const { rows, cols } = worked.geometry;
  const kernels = lesson.filters.length === 1 ? "one filter" : `${lesson.filters.length} filters`;
  byId("story").textContent = `${times(lesson.height, lesson.width, lesson.channels)} under ${kernels} of `
    + `${times(...lesson.kernel, lesson.channels)} gives ${times(rows.output, cols.output, lesson.filters.length)}`;
  byId("output-shape").textContent = times(rows.output, cols.output, lesson.filters.length);
}

/** Cells as large as there is room for, with everything in one row where the page is wide. */
function fitCells() {
  const stage = byId("stage");
  const shapes = [paddedSize(), lesson.kernel, outputSize(), lesson.channels, lesson.filters.length];
  const around = AROUND_STAGE + byId("exercise").offsetHeight;
  const fitted = [innerWidth, innerHeight, around, ...shapes].join();
  if (stage.fitted === fitted) return;
  stage.fitted = fitted;
  const set = (cell) => {
    stage.style.setProperty("--cell", `${cell}px`);
    stage.classList.toggle("tight", cell < 36);
  };
  const sizes = [paddedSize(), outputSize()].filter(isNumbered);
  const alone = Math.floor((stage.clientWidth - 24) / Math.max(lesson.kernel[1], ...sizes.map(([, cols]) => cols)));
  if (stage.clientWidth < 760) {
    set(Math.min(alone, lesson.channels === 3 ? 28 : 42));
    return;
  }
  const groups = stage.querySelectorAll(".group");
  const isInRow = () => groups[0].offsetTop === groups[groups.length - 1].offsetTop;
  set(SMALLEST_CELL);
  const most = Math.max(innerHeight - around, stage.offsetHeight);
  let [fitting, over] = [SMALLEST_CELL, Math.max(Math.min(alone, LARGEST_CELL), SMALLEST_CELL) + 1];
  while (over - fitting > 1) {
    const cell = Math.floor((fitting + over) / 2);
    set(cell);
    if (isInRow() && stage.offsetHeight <= most) fitting = cell;
    else over = cell;
  }
  set(fitting);
}

function redraw() {
  chosen = Math.min(chosen, lesson.filters.length - 1);
  drawHead();
  drawControls();
  drawInput();
  drawLoupe();
  drawKernels();
  drawMaps();
  drawWindow();
  drawSum();
  drawCosts();
  drawPredict();
  fitCells();
}

/** Change a part of the lesson: everything that follows is computed and drawn anew. */
function change(patch) {
  const isMoved = Object.keys(patch).every((name) => name === "predict" || name === "title");
  if (!isMoved) {
    pause();
    answers.clear();
    say("");
  }
  lesson = { ...lesson, ...patch };
  worked = compute(lesson);
  const [rows, cols] = outputSize();
  lesson.at = [Math.max(Math.min(lesson.at[0], rows - 1), 0), Math.max(Math.min(lesson.at[1], cols - 1), 0)];
  redraw();
  keepAddress();
}

/** Show the lesson of an address's fragment; of one that cannot be read, the page's own. */
function open(fragment) {
  lesson = undefined;
  let told = "";
  let shown;
  try {
    shown = readAddress(fragment || start);
  } catch (error) {
    shown = readAddress(start);
    told = `The address holds no lesson that can be read: ${error.message}. The page's own is shown.`;
  }
  change(shown);
  say(told);
}

function toggleTheme() {
  const { dataset } = document.documentElement;
  const shown = dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  dataset.theme = shown === "dark" ? "light" : "dark";
  redraw(); // pictures are painted in the page's colours
}

/** Take what is typed into a cell of the input or of a kernel. */
function typedInto({ target }) {
  if (!target.matches(".cell input")) return;
  const cell = target.parentElement;
  const value = typed(target.value);
  target.toggleAttribute("aria-invalid", false);
  if (!Number.isFinite(value)) {
    target.setAttribute("aria-invalid", "true");
    return;
  }
  target.removeAttribute("aria-invalid");
  const { filter, channel } = cell.parentElement.dataset;
  if (filter === undefined) setPixel(cell.place, Number(channel), value);
  else setWeight(cell.place, Number(filter), Number(channel), value);
}

function setPixel([row, col], channel, value) {
  const { rows, cols } = worked.geometry;
  const volume = Float64Array.from(lesson.volume);
  volume[(channel * lesson.height + row - rows.before) * lesson.width + col - cols.before] = value;
  change({ volume });
}

function setWeight([row, col], filter, channel, value) {
  const [high, wide] = lesson.kernel;
  const filters = lesson.filters.map(({ name, weight }, n) => ({ name, weight: n === filter ? [...weight] : weight }));
  filters[filter].weight[(channel * high + row) * wide + col] = value;
  change({ filters });
}

byId("stage").addEventListener("input", typedInto);
byId("stage").addEventListener("focusin", ({ target }) => {
  if (!target.matches(".cell input")) return;
  const sheet = target.closest(".sheet");
  sheet.cells.forEach(({ shown }) => { if (shown.tagName === "INPUT") shown.tabIndex = shown === target ? 0 : -1; });
  target.select();
  if (sheet.matches(".input") && !isPlaying()) centre(target.parentElement.place);
});
byId("stage").addEventListener("focusout", ({ target }) => {
  if (!target.matches(".cell input")) return;
  target.removeAttribute("aria-invalid");
  drawInput();
  drawKernels();
});
byId("choices").addEventListener("change", ({ target }) => {
  chosen = Number(target.value);
  drawWindow();
  drawSum();
});
byId("link").addEventListener("click", async () => {
  history.replaceState(null, "", `#${writeAddress(lesson)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied; it holds this lesson as it is.");
  } catch {
    say("The link is in the address bar: copy it from there.");
  }
});
byId("reset").addEventListener("click", () => open(""));
byId("theme").addEventListener("click", toggleTheme);

// A pixel, its weight and their product are marked together.
function markTap(tap) {
  document.querySelectorAll(".near").forEach((each) => each.classList.remove("near"));
  if (tap === undefined) return;
  const area = lesson.kernel[0] * lesson.kernel[1];
  const [channel, n] = [Math.floor(tap / area), tap % area];
  document.querySelector(`.term[data-tap="${tap}"]`)?.classList.add("near");
  byId(`kernel-${chosen}`)?.children[channel]?.cells[n].classList.add("near");
  const sheets = (byId("loupe-group").hidden ? byId("input") : byId("loupe")).children;
  const cells = sheets[channel]?.cells;
  const taps = byId("loupe-group").hidden ? cells?.filter((cell) => cell.matches(".tap")) : cells;
  taps?.[n]?.classList.add("near");
}
byId("sum").addEventListener("pointerover", ({ target }) => markTap(target.closest(".term")?.dataset.tap));
byId("sum").addEventListener("pointerleave", () => markTap());
byId("filters").addEventListener("pointerover", ({ target }) => {
  const sheet = target.closest(".kernel");
  const cell = target.closest(".cell");
  if (!sheet || !cell || Number(sheet.dataset.filter) !== chosen) return;
  markTap(Number(sheet.dataset.channel) * sheet.cells.length + sheet.cells.indexOf(cell));
});
byId("filters").addEventListener("pointerleave", () => markTap());

// Not location.hash, which may hold the address kept of the lesson before by now.
addEventListener("hashchange", (event) => open(new URL(event.newURL).hash.slice(1)));
addEventListener("resize", fitCells);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

open(location.hash.slice(1));

/** For the browser's console, and for tests. */
globalThis.edgecli = {
  open,
  maps: () => worked.maps.map((map) => [...map]),
  mapsOf: (fragment) => compute(readAddress(fragment)).maps.map((map) => [...map]),
  shape: () => outputSize(),
  address: () => writeAddress(lesson),
};
