// Cards for the part of the list that is in view, and a little around it: the page has as many
// elements for a hundred thousand images as for fifty.

const CAPTION = 54; // px below a card's picture
const AROUND = 400; // px above and below the view that have cards as well

function makeGrid(root, open) {
  const template = byId("card").content.firstElementChild;
  const cards = new Map(); // by place in the list
  let list = [];
  let active = 0;
  let columns = 1;
  let width = 0;
  let step = 1; // px from row to row
  let gap = 20;
  let waiting = false;

  function measure() {
    const room = root.clientWidth;
    gap = room < 600 ? 14 : 22;
    columns = Math.max(room < 600 ? 2 : 1, Math.floor((room + gap) / (248 + gap)));
    width = (room - gap * (columns - 1)) / columns;
    step = Math.round(width * 0.75) + CAPTION + gap;
    root.style.height = `${Math.max(Math.ceil(list.length / columns) * step - gap, 0)}px`;
    for (const [place, card] of cards) put(card, place);
    draw();
  }

  function put(card, place) {
    card.style.width = `${width}px`;
    card.style.height = `${step - gap}px`;
    const x = (place % columns) * (width + gap);
    card.style.transform = `translate(${x}px, ${Math.floor(place / columns) * step}px)`;
  }

  function draw() {
    waiting = false;
    const top = -root.getBoundingClientRect().top;
    const first = Math.max(Math.floor((top - AROUND) / step), 0) * columns;
    const last = Math.min(Math.ceil((top + innerHeight + AROUND) / step) * columns, list.length);
    for (const [place, card] of cards) {
      if ((place < first || place >= last) && place !== active) {
        card.remove();
        cards.delete(place);
      }
    }
    for (let place = first; place < last; place++) add(place);
    if (active < list.length) add(active);
  }

  function add(place) {
    if (cards.has(place)) return;
    const card = filled(template.cloneNode(true), records[list[place]]);
    card.dataset.place = place;
    card.ariaPosInSet = place + 1;
    card.ariaSetSize = list.length;
    card.firstElementChild.tabIndex = place === active ? 0 : -1;
    put(card, place);
    cards.set(place, card);
    // In the order of the list, so that readers and the Tab key go through it as it looks.
    const after = [...root.children].find((other) => Number(other.dataset.place) > place);
    root.insertBefore(card, after ?? null);
  }

  function filled(card, record) {
    const pair = card.querySelector(".pair");
    card.classList.add(record.status);
    card.querySelector(".name").textContent = record.name;
    card.querySelector(".reason bdi").textContent = reason(record);
    card.querySelector(".detail").textContent = summary(record);
    card.firstElementChild.title = record.folder + record.name;
    showPair(pair, record, record.outputs[0]);
    return card;
  }

  function activate(place, focus = true) {
    if (!list.length) return;
    const old = cards.get(active);
    if (old) old.firstElementChild.tabIndex = -1;
    active = Math.min(Math.max(place, 0), list.length - 1);
    add(active);
    const button = cards.get(active).firstElementChild;
    button.tabIndex = 0;
    if (!focus) return;
    reveal(active);
    button.focus({ preventScroll: true });
    draw();
  }

  /** Scroll so that a row is in view, below the bar that sticks to the top. */
  function reveal(place) {
    const bar = document.querySelector(".bar").offsetHeight + 12;
    const top = root.getBoundingClientRect().top + Math.floor(place / columns) * step;
    if (top < bar) scrollBy(0, top - bar);
    else if (top + step > innerHeight) scrollBy(0, top + step - innerHeight);
  }

  root.addEventListener("click", (event) => {
    const card = event.target.closest("article");
    if (!card) return;
    activate(Number(card.dataset.place), false);
    open(active);
  });
  root.addEventListener("focusin", (event) => {
    const card = event.target.closest("article");
    if (card && Number(card.dataset.place) !== active) activate(Number(card.dataset.place), false);
  });
  // A mouse over a card moves its edge between input and edge map.
  root.addEventListener("pointermove", (event) => {
    const pair = event.pointerType === "mouse" && event.target.closest(".two");
    if (!pair) return;
    const box = pair.getBoundingClientRect();
    pair.style.setProperty("--split", `${((event.clientX - box.left) / box.width) * 100}%`);
  });
  root.addEventListener("pointerout", (event) => {
    const pair = event.target.closest(".two");
    if (pair && !pair.contains(event.relatedTarget)) pair.style.removeProperty("--split");
  });

  const soon = () => {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  new ResizeObserver(measure).observe(root);

  return {
    show(found) {
      list = found;
      active = 0;
      for (const card of cards.values()) card.remove();
      cards.clear();
      measure();
    },
    activate,
    get list() { return list; },
    get active() { return active; },
    get columns() { return columns; },
  };
}

/** Lay an edge map's thumbnail over its input's; classes say what is missing. */
function showPair(pair, record, output) {
  const sources = [record.input.thumb, output?.thumb];
  pair.querySelectorAll("img").forEach((image, n) => {
    image.hidden = !sources[n];
    if (sources[n]) image.src = sources[n];
    else image.removeAttribute("src");
    image.onerror = () => { image.hidden = true; };
  });
  pair.classList.toggle("two", Boolean(sources[0] && sources[1]));
  pair.classList.toggle("none", !sources[0] && !sources[1]);
  pair.classList.toggle("grained", isGrained(record));
  pair.style.setProperty("--ratio", ratio(record));
  if (sources[0]) pair.style.removeProperty("--split");
  else pair.style.setProperty("--split", "0%"); // an edge map alone is shown whole
}
