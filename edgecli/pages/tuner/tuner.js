// What is chosen, what it gives, and the command that gives the same.

const picture = read("picture");
const detectors = read("detectors");
const { width, height } = picture;
const canvas = byId("edges");
const context = canvas.getContext("2d", { willReadFrequently: true });
const pair = byId("pair");
const handle = byId("handle");
let maps = []; // of each detector, once unpacked
let chosen = 0;
let split = 50; // percent of the width that show the picture

const number = (id) => Number(byId(id).value);
const detector = () => detectors[chosen];
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** The lines that are chosen, drawn by the pen: a mask. */
function edges() {
  const lines = linked(maps[chosen], width, height, number("low"), number("high"));
  const clean = cleaned(lines, width, height, number("shortest"), number("gaps"));
  return drawn(clean, width, height, number("stroke"));
}

const channels = (colour) => [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16));

function paint() {
  const [line, paper] = [channels(byId("line").value), channels(byId("paper").value)];
  const pixels = context.createImageData(width, height);
  edges().forEach((on, n) => {
    const [red, green, blue] = on ? line : paper;
    pixels.data[4 * n] = red;
    pixels.data[4 * n + 1] = green;
    pixels.data[4 * n + 2] = blue;
    pixels.data[4 * n + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
}

/** The command that draws just this; only what differs from its defaults is written. */
function command() {
  const { word, steps } = detector();
  const words = ["edgecli detect", picture.file, "-f", word, "--thin",
    ...picture.white, "--hysteresis", `${steps[number("low")]},${steps[number("high")]}`];
  if (number("shortest")) words.push("--min-length", number("shortest"));
  if (number("gaps")) words.push("--close-gaps", number("gaps"));
  if (number("stroke") > 1) words.push("--stroke", number("stroke"));
  const [line, paper] = [byId("line").value, byId("paper").value];
  if (line !== "#ffffff" || paper !== "#000000") words.push("--line", `'${line}'`, "--paper", `'${paper}'`);
  if (picture.resized) words.push("--resize", "max:1200");
  return [...words, "-o", picture.output];
}

/** A command that breaks between its words. */
const commandParts = () => command().flatMap((word, n) => [...(n ? [" "] : []), element("span", {}, String(word))]);

function show() {
  const { steps } = detector();
  for (const id of ["low", "high"]) byId(`${id}-text`).value = steps[number(id)];
  for (const id of ["shortest", "gaps", "stroke"]) byId(`${id}-text`).value = number(id);
  const isBlank = byId("line").value === byId("paper").value;
  const parts = isBlank ? ["Line and paper have one colour: nothing is seen."] : commandParts();
  byId("command").replaceChildren(...parts);
  byId("copy").disabled = isBlank;
  paint();
}

function choose(n) {
  chosen = n;
  byId("low").value = detector().low;
  byId("high").value = detector().high;
  show();
}

/** The weak edges' threshold is never over the strong ones'. */
function keepOrder(moved) {
  if (number("low") <= number("high")) return;
  if (moved === "low") byId("high").value = number("low");
  else byId("low").value = number("high");
}

function moveSlider(percent) {
  split = Math.min(Math.max(percent, 0), 100);
  pair.style.setProperty("--split", `${split}%`);
  handle.ariaValueNow = Math.round(split);
  handle.ariaValueText = `${Math.round(split)}% picture, ${100 - Math.round(split)}% edges`;
}

const percentAcross = (event) => {
  const box = pair.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * 100;
};

pair.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !pair.matches(".split")) return;
  pair.setPointerCapture(event.pointerId);
  moveSlider(percentAcross(event));
  event.preventDefault();
});
pair.addEventListener("pointermove", (event) => {
  if (pair.hasPointerCapture(event.pointerId)) moveSlider(percentAcross(event));
});
const sliderKeys = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
handle.addEventListener("keydown", (event) => {
  if (!(event.key in sliderKeys) || event.altKey || event.ctrlKey || event.metaKey) return;
  moveSlider(split + sliderKeys[event.key]);
  event.preventDefault();
});

byId("panel").addEventListener("submit", (event) => event.preventDefault());
byId("panel").addEventListener("input", ({ target }) => {
  if (target.name === "detector") choose(Number(target.value));
  else if (target.name === "view") pair.className = `pair ${target.value}`;
  else {
    keepOrder(target.id);
    show();
  }
});
byId("swap").addEventListener("click", () => {
  [byId("line").value, byId("paper").value] = [byId("paper").value, byId("line").value];
  show();
});
byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(byId("command").textContent);
    byId("said").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(byId("command"));
    byId("said").textContent = "Selected: copy it from there.";
  }
});

async function begin() {
  [canvas.width, canvas.height] = [width, height];
  pair.style.setProperty("--ratio", width / height);
  byId("photo").src = picture.photo;
  byId("size").textContent = `${height}×${width} pixels${picture.resized ? ", made smaller" : ""}`;
  byId("detectors").append(...detectors.map(({ name }, n) => element("label", {},
    element("input", { type: "radio", name: "detector", value: n, checked: n === 0 }), name)));
  moveSlider(50);
  maps = await Promise.all(detectors.map(({ map }) => unpacked(map)));
  choose(0);
  document.documentElement.dataset.ready = "";
}

begin();
