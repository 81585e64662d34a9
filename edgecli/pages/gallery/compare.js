// The slider between an input and its edge map: dragged, touched, or moved with the keys.

function makeCompare(root) {
  const handle = root.querySelector(".handle");
  const [before, after] = root.querySelectorAll("img");
  let value = 50;

  function set(percent) {
    value = Math.min(Math.max(percent, 0), 100);
    root.style.setProperty("--split", `${value}%`);
    handle.ariaValueNow = Math.round(value);
    handle.ariaValueText = `${Math.round(value)}% input, ${100 - Math.round(value)}% edges`;
  }

  function follow(event) {
    const box = root.getBoundingClientRect();
    set(((event.clientX - box.left) / box.width) * 100);
  }

  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !root.classList.contains("two")) return;
    root.setPointerCapture(event.pointerId);
    follow(event);
    handle.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
  });
  root.addEventListener("pointermove", (event) => {
    if (root.hasPointerCapture(event.pointerId)) follow(event);
  });

  const steps = {
    ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2,
    PageDown: -10, PageUp: 10, Home: -100, End: 100,
  };
  handle.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    set(value + step * (event.shiftKey ? 5 : 1));
    event.preventDefault();
  });

  /** Put the file itself in a thumbnail's place once it is decoded; without it the thumbnail stays. */
  async function sharpen(image, picture) {
    if (!picture?.whole) return;
    const whole = new Image();
    whole.src = picture.link;
    const small = image.src;
    try {
      await whole.decode();
    } catch {
      return;
    }
    if (image.src === small) image.src = whole.src;
  }

  return {
    show(record, output) {
      showPair(root, record, output);
      before.alt = record.input.thumb ? `Input ${record.name}` : "";
      after.alt = output?.thumb ? `Edge map ${output.label}` : "";
      if (root.classList.contains("two")) set(value);
      sharpen(before, record.input);
      sharpen(after, output);
    },
    focus() {
      if (!root.classList.contains("two")) return false;
      handle.focus({ preventScroll: true });
      return true;
    },
  };
}
