// One image, opened: the slider, every fact, and the way to the next.

const dialog = byId("detail");
const maps = byId("maps");
let opened = 0; // the place in the list; a dialog that closes makes another card active

function focusDetail() {
  const first = compare.matches(".two") ? handle : byId("close");
  first.focus({ preventScroll: true });
}

function showDetail(place) {
  activate(place);
  opened = active;
  const record = records[list[opened]];
  dialog.className = record.status;
  byId("detail-name").firstElementChild.textContent = record.name;
  byId("detail-folder").firstElementChild.textContent = record.folder;
  byId("detail-error").textContent = record.error ?? "";
  byId("facts").replaceChildren(...factElements(record));
  byId("place").textContent = `${opened + 1} of ${list.length}`;
  byId("previous").disabled = opened === 0;
  byId("next").disabled = opened === list.length - 1;
  dialog.querySelector(".told").scrollTop = 0;
  maps.hidden = record.outputs.length < 2;
  const choices = record.outputs.map(({ label }, n) => radio("map", n, n === 0, label));
  maps.replaceChildren(maps.firstElementChild, ...choices);
  showMap(0);
}

function showMap(n) {
  const record = records[list[opened]];
  const output = record.outputs[n];
  const [before, after] = compare.querySelectorAll("img");
  showPair(compare, record, output);
  compare.style.setProperty("--pixels", `${record.shape[1] ?? 0}px`);
  byId("full").hidden = !pixels(record) || compare.matches(".none");
  before.alt = `Input ${record.name}`;
  after.alt = `Edge map ${output?.label}`;
  sharpen(before, record.input);
  sharpen(after, output);
  byId("links").replaceChildren(...linkElements([["Input", record.input], ["Edge map", output]]));
}

function factElements(record) {
  return factsOf(record).flatMap(([label, text], n, facts) => {
    const repeated = label === facts[n - 1]?.[0];
    const className = label === "shape" ? "shape" : repeated ? "again" : "";
    return [element("dt", label, { className }), element("dd", text, { className })];
  });
}

function linkElements(pictures) {
  return pictures.filter(([, picture]) => picture?.link).map(([label, { link }]) =>
    element("a", `${label} ↗`, { href: link, target: "_blank", rel: "noreferrer noopener" }));
}

function openDetail(place) {
  showDetail(place);
  dialog.showModal();
  focusDetail();
}

/** Show pictures pixel by pixel, in a stage that scrolls, or fitted into it again. */
function toggleFull() {
  const isFull = dialog.querySelector(".stage").classList.toggle("full");
  byId("full").ariaPressed = String(isFull);
}

grid.addEventListener("click", ({ target }) => {
  if (target !== grid) openDetail(placeOf(target)); // not between the cards
});
byId("full").addEventListener("click", toggleFull);
maps.addEventListener("change", (event) => showMap(event.target.value));
dialog.addEventListener("close", () => focusCard(opened));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close(); // the backdrop
});
byId("close").addEventListener("click", () => dialog.close());
byId("previous").addEventListener("click", () => showDetail(opened - 1));
byId("next").addEventListener("click", () => showDetail(opened + 1));
