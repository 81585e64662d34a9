// Everything put together: totals, filters, keys, light and dark.

const grid = makeGrid(byId("grid"), (place) => detail.open(place));
const detail = makeDetail(byId("detail"), grid);
const query = byId("query");
const state = { status: "all", order: "given" };

function refresh() {
  const found = matching(query.value, state.status, state.order);
  grid.show(found);
  byId("nothing").hidden = found.length > 0;
  byId("found").textContent = `${found.length} of ${records.length} images`;
}

function changed() {
  const top = document.querySelector(".head").offsetHeight;
  if (scrollY > top) scrollTo(0, top);
  refresh();
}

function large(number) {
  return number.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

function showTotals() {
  const told = [[records.length.toLocaleString("en"), records.length === 1 ? "image" : "images"]];
  if (totals.failed) told.push([totals.failed.toLocaleString("en"), "failed"]);
  if (totals.pixels) told.push([large(totals.pixels), "pixels"]);
  if (totals.macs) told.push([large(totals.macs), "multiply-adds"]);
  byId("sums").replaceChildren(...told.map(([number, what]) => {
    const part = document.createElement("span");
    part.classList.toggle("bad", what === "failed");
    part.append(element("b", number), ` ${what}`);
    return part;
  }));
}

function offerStatuses() {
  const choices = [["all", "All", records.length], ["done", "Done", totals.done],
    ["failed", "Failed", totals.failed], ["skipped", "Skipped", totals.skipped]];
  for (const [value, text, count] of choices) {
    if (!count && value !== "all") continue;
    const choice = radio("status", value, text, value === "all", count ?? 0);
    choice.classList.add(value);
    choice.firstElementChild.addEventListener("change", () => {
      state.status = value;
      changed();
    });
    byId("statuses").append(choice);
  }
}

// --- light and dark ---------------------------------------------------------------------------

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("edgecli-theme", root.dataset.theme);
  } catch { /* a browser that keeps nothing for files */ }
}

try {
  const kept = localStorage.getItem("edgecli-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch { /* the same */ }

// --- keys -------------------------------------------------------------------------------------

const gridKeys = {
  j: () => grid.active + 1,
  k: () => grid.active - 1,
  ArrowRight: () => grid.active + 1,
  ArrowLeft: () => grid.active - 1,
  ArrowDown: () => grid.active + grid.columns,
  ArrowUp: () => grid.active - grid.columns,
  Home: () => 0,
  End: () => grid.list.length - 1,
};

function pressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape" && event.target === query) leaveQuery(event);
    return;
  }
  if (event.key === "t") return toggleTheme();
  if (detail.isOpen) {
    if (event.key === "j") detail.step(1);
    if (event.key === "k") detail.step(-1);
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    query.focus();
    query.select();
  } else if (event.key in gridKeys && !(event.target.matches("button:not(.card), a"))) {
    event.preventDefault();
    const onCard = document.activeElement?.matches(".card");
    grid.activate(onCard ? gridKeys[event.key]() : grid.active);
  }
}

function leaveQuery(event) {
  event.preventDefault();
  if (query.value) {
    query.value = "";
    changed();
  } else {
    grid.activate(grid.active);
  }
}

addEventListener("keydown", pressed);
query.addEventListener("input", changed);
query.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault(); // else the card that takes the focus would take the key as well
  grid.activate(0);
});
byId("order").addEventListener("change", (event) => {
  state.order = event.target.value;
  changed();
});
byId("theme").addEventListener("click", toggleTheme);
byId("all").addEventListener("click", () => {
  query.value = "";
  document.querySelector('input[name="status"][value="all"]').click();
  changed();
  query.focus();
});
addEventListener("scroll", () => {
  const bar = document.querySelector(".bar");
  bar.classList.toggle("over", bar.getBoundingClientRect().top <= 0);
}, { passive: true });

showTotals();
offerStatuses();
refresh();
