// How the window moves: by pointer and finger, by arrow keys, step by step, and by itself.

let ticking = 0; // the timer of a window that plays

const isPlaying = () => ticking !== 0;

/** Move the window to an output position, or the nearest that there is. */
function move([row, col]) {
  const [rows, cols] = outputSize();
  lesson.at = [Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(col, 0), cols - 1)];
  if (!fits()) lesson.at = [0, 0];
  drawWindow();
  drawLoupe();
  drawSum();
  keepAddress();
}

/** Go on by so many positions, in the order of reading. */
function step(count) {
  const next = Math.min(Math.max(order(lesson.at) + count, 0), places() - 1);
  move([Math.floor(next / outputSize()[1]), next % outputSize()[1]]);
}

function pause() {
  clearInterval(ticking);
  ticking = 0;
  byId("play").classList.remove("playing");
  byId("play").ariaLabel = "Play";
  if (ahead === Infinity) return;
  ahead = Infinity;
  drawMaps();
  drawWindow();
}

function tick() {
  if (order(lesson.at) >= places() - 1) {
    pause();
    return;
  }
  step(1);
  ahead = order(lesson.at);
  drawMaps();
  drawWindow();
}

function play() {
  if (isPlaying()) {
    pause();
    return;
  }
  if (!fits()) return;
  if (order(lesson.at) >= places() - 1) move([0, 0]);
  ahead = order(lesson.at);
  drawMaps();
  drawWindow();
  ticking = setInterval(tick, 1000 / Number(byId("speed").value));
  byId("play").classList.add("playing");
  byId("play").ariaLabel = "Pause";
}

byId("play").addEventListener("click", play);
byId("back").addEventListener("click", () => { pause(); step(-1); });
byId("on").addEventListener("click", () => { pause(); step(1); });
byId("first").addEventListener("click", () => { pause(); move([0, 0]); });
byId("speed").addEventListener("input", () => {
  if (!isPlaying()) return;
  clearInterval(ticking);
  ticking = setInterval(tick, 1000 / Number(byId("speed").value));
});

// --- pointers ---

/** Move the window so that its middle lies over a padded pixel. */
function centre([row, col]) {
  const { rows, cols } = worked.geometry;
  const nearest = (at, { span, stride }) => Math.round((at - (span - 1) / 2) / stride);
  move([nearest(row, rows), nearest(col, cols)]);
}

function pointed(event, isPressed) {
  const sheet = event.target.closest(".sheet");
  if (!sheet) return;
  const place = placeUnder(sheet, event);
  if (sheet.matches(".map")) {
    chosen = [...byId("maps").children].indexOf(sheet);
    pause();
    move(place);
  } else if (isDrawing) {
    const { rows, cols } = worked.geometry;
    if (isPressed) draw(place[0] - rows.before, place[1] - cols.before);
  } else {
    pause();
    centre(place);
  }
}

for (const id of ["input", "maps"]) {
  byId(id).addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const sheet = event.target.closest(".sheet");
    // A finger goes on over other cells; a field that is touched can be typed in.
    if (sheet && (isDrawing || !event.target.matches("input"))) sheet.setPointerCapture(event.pointerId);
    if (isDrawing && id === "input") event.preventDefault();
    pointed(event, true);
  });
  byId(id).addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" || event.pressure > 0) pointed(event, event.buttons > 0);
  });
}

// --- keys ---

const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Arrow keys go from field to field of a sheet; over the input the window goes with them. */
function goToField(event) {
  const cell = event.target.parentElement;
  const sheet = cell.parentElement;
  const [row, col] = cell.place;
  const [down, across] = arrows[event.key === "Enter" ? "ArrowDown" : event.key];
  const next = sheet.cells[(row + down) * sheet.size[1] + col + across];
  const isNext = next?.shown.tagName === "INPUT" && next.place[0] === row + down;
  if (isNext) next.shown.focus();
  event.preventDefault();
}

function arrowed(event) {
  const [down, across] = arrows[event.key];
  pause();
  move([lesson.at[0] + down, lesson.at[1] + across]);
  event.preventDefault();
}

function pressed(event) {
  const { key, target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  if (target.matches(".cell input")) {
    if (key in arrows || key === "Enter") goToField(event);
    else if (key === "Escape") target.blur();
  } else if (key in arrows && !target.matches("input, select")) {
    arrowed(event);
  } else if (target.matches(".moves") && (key === "Home" || key === "End")) {
    event.preventDefault();
    step(key === "Home" ? -Infinity : Infinity);
  } else if (target.matches(".moves") && (key === " " || key === "Enter")) {
    event.preventDefault();
    if (isDrawing && target.matches(".input")) drawAtWindow();
    else play();
  } else if (key === "t" && !target.matches("input, select")) {
    toggleTheme();
  }
}

/** Draw where the window's middle is: for those who have no pointer. */
function drawAtWindow() {
  const { rows, cols } = worked.geometry;
  const middle = (at, { stride, span, before }) => at * stride + Math.floor(span / 2) - before;
  draw(middle(lesson.at[0], rows), middle(lesson.at[1], cols));
}

addEventListener("keydown", pressed);
byId("maps").addEventListener("focusin", ({ target }) => {
  chosen = Math.max([...byId("maps").children].indexOf(target), 0);
  drawWindow();
  drawSum();
});
