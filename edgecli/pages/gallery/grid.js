// Cards for the part of the list that is in view, and a little around it: the page has as many
// elements for a hundred thousand images as for fifty.

const CAPTION = 54; // px below a card's picture
const AROUND = 400; // px above and below the view that have cards as well
const PRINTED = 1000; // cards at most that are printed

const grid = byId("grid");
const cards = new Map(); // by place in the list
let list = []; // the numbers of the records that are shown
let active = 0; // the place of the card that has, or last had, the focus
let printing = false;
let columns, width, gap, step; // as measured: cards in a row, px, px, and px from row to row

function showList(found) {
  list = found;
  active = 0;
  cards.clear();
  grid.replaceChildren();
  measure();
}

function measure() {
  const room = grid.clientWidth;
  gap = room < 600 ? 14 : 22;
  columns = Math.max(Math.floor((room + gap) / (248 + gap)), 2);
  width = (room - gap * (columns - 1)) / columns;
  step = Math.round(width * 0.75) + CAPTION + gap;
  grid.style.height = `${Math.max(Math.ceil(list.length / columns) * step - gap, 0)}px`;
  cards.forEach(put);
  draw();
}

function put(card, place) {
  card.style.width = `${width}px`;
  card.style.height = `${step - gap}px`;
  const x = (place % columns) * (width + gap);
  card.style.transform = `translate(${x}px, ${Math.floor(place / columns) * step}px)`;
}

/** The first place that has a card, and the one after the last; paper has no view to scroll. */
function drawn() {
  if (printing) return [0, Math.min(list.length, PRINTED)];
  const top = -grid.getBoundingClientRect().top;
  const first = Math.max(Math.floor((top - AROUND) / step), 0) * columns;
  return [first, Math.min(Math.ceil((top + innerHeight + AROUND) / step) * columns, list.length)];
}

/** Have a card for each of these places; the active one stays, so that the focus does. */
function draw() {
  const [first, last] = drawn();
  for (const [place, card] of cards) {
    if ((place < first || place >= last) && place !== active) {
      card.remove();
      cards.delete(place);
    }
  }
  for (let place = first; place < last; place++) add(place);
  if (list.length) add(active);
}

function add(place) {
  if (cards.has(place)) return;
  const record = records[list[place]];
  const card = byId("card").content.firstElementChild.cloneNode(true);
  card.classList.add(record.status);
  card.dataset.place = place;
  card.ariaPosInSet = place + 1;
  card.ariaSetSize = list.length;
  card.firstElementChild.tabIndex = place === active ? 0 : -1;
  card.firstElementChild.title = record.folder + record.name;
  card.querySelector(".name").textContent = record.name;
  card.querySelector(".detail").textContent = summary(record);
  card.querySelector(".reason bdi").textContent = reason(record);
  showPair(card.querySelector(".pair"), record, record.outputs[0]);
  put(card, place);
  cards.set(place, card);
  // In the order of the list, so that readers and the Tab key go through it as it looks.
  const after = [...grid.children].find((other) => Number(other.dataset.place) > place);
  grid.insertBefore(card, after ?? null);
}

/** Make the card at a place, or at the end that is nearest to it, the one that Tab comes to. */
function activate(place) {
  cards.get(active).firstElementChild.tabIndex = -1;
  active = Math.min(Math.max(place, 0), list.length - 1);
  add(active);
  cards.get(active).firstElementChild.tabIndex = 0;
}

function focusCard(place) {
  if (!list.length) return;
  activate(place);
  const card = cards.get(active);
  card.scrollIntoView({ block: "nearest" });
  card.firstElementChild.focus({ preventScroll: true });
}

const placeOf = (inside) => Number(inside.closest("article").dataset.place);
grid.addEventListener("focusin", ({ target }) => activate(placeOf(target)));
// A mouse over a card moves its edge between input and edge map.
grid.addEventListener("pointermove", (event) => {
  const pair = event.pointerType === "mouse" && event.target.closest(".two");
  if (pair) pair.style.setProperty("--split", `${percentAcross(pair, event)}%`);
});
grid.addEventListener("pointerout", (event) => {
  const pair = event.target.closest(".two");
  if (pair && !pair.contains(event.relatedTarget)) pair.style.removeProperty("--split");
});

function print(begun) {
  printing = begun;
  draw();
}

addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
addEventListener("scroll", draw, { passive: true });
addEventListener("resize", draw);
new ResizeObserver(measure).observe(grid);
