// An input and its edge map, one over the other, and the slider between them.

const compare = byId("compare");
const handle = compare.querySelector(".handle");
let split = 50; // percent of the width that show the input

/** Lay an edge map's thumbnail over its input's; classes say what is missing. */
function showPair(pair, record, output) {
  const sources = [record.input.thumb, output?.thumb];
  pair.querySelectorAll("img").forEach((image, n) => {
    image.hidden = !sources[n];
    image.src = sources[n] ?? "";
    image.onerror = () => { image.hidden = true; };
  });
  pair.classList.toggle("two", sources.every(Boolean));
  pair.classList.toggle("none", !sources.some(Boolean));
  pair.classList.toggle("grained", isGrained(record));
  pair.style.setProperty("--ratio", ratio(record));
}

/** Put the file itself in a thumbnail's place once it is decoded; without it the thumbnail stays. */
function sharpen(image, picture) {
  if (!picture?.whole) return;
  const small = image.src;
  const whole = element("img", "", { src: picture.link });
  const replace = () => { if (image.src === small) image.src = whole.src; };
  whole.decode().then(replace, () => {});
}

const percentAcross = (pair, event) => {
  const box = pair.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * 100;
};

function moveSlider(percent) {
  split = Math.min(Math.max(percent, 0), 100);
  compare.style.setProperty("--split", `${split}%`);
  handle.ariaValueNow = Math.round(split);
  handle.ariaValueText = `${Math.round(split)}% input, ${100 - Math.round(split)}% edges`;
}

compare.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !compare.matches(".two")) return;
  compare.setPointerCapture(event.pointerId);
  moveSlider(percentAcross(compare, event));
  handle.focus({ preventScroll: true, focusVisible: false });
  event.preventDefault();
});
compare.addEventListener("pointermove", (event) => {
  if (compare.hasPointerCapture(event.pointerId)) moveSlider(percentAcross(compare, event));
});

const sliderKeys = {
  ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2,
  PageDown: -10, PageUp: 10, Home: -100, End: 100,
};
handle.addEventListener("keydown", (event) => {
  if (!(event.key in sliderKeys) || event.altKey || event.ctrlKey || event.metaKey) return;
  moveSlider(split + sliderKeys[event.key] * (event.shiftKey ? 5 : 1));
  event.preventDefault();
});

moveSlider(50);
