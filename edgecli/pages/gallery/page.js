// Everything put together: totals, filters, keys, light and dark.

const root = document.documentElement;
const bar = document.querySelector(".bar");
const query = byId("query");

function refresh() {
  const status = document.querySelector("[name=status]:checked").value;
  const found = matching(query.value, status, byId("order").value);
  showList(found);
  byId("nothing").hidden = found.length > 0;
  byId("found").textContent = `${found.length} of ${records.length} images`;
}

function changed() {
  scrollTo(0, Math.min(scrollY, document.querySelector(".head").offsetHeight));
  refresh();
}

const exact = (number) => number.toLocaleString("en");
const large = (number) =>
  number.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });

function showTotals() {
  const told = [[exact(records.length), records.length === 1 ? "image" : "images"]];
  if (totals.failed) told.push([exact(totals.failed), "failed"]);
  if (totals.pixels) told.push([large(totals.pixels), "pixels"]);
  if (totals.macs) told.push([large(totals.macs), "multiply-adds"]);
  byId("sums").replaceChildren(...told.map(([number, what]) => {
    const part = element("span", ` ${what}`, { className: what });
    part.prepend(element("b", number));
    return part;
  }));
}

function offerStatuses() {
  const choices = [["all", "All ", records.length], ["done", "Done ", totals.done],
    ["failed", "Failed ", totals.failed], ["skipped", "Skipped ", totals.skipped]];
  const told = choices.filter(([value, , count]) => count || value === "all");
  byId("statuses").append(...told.map(([value, text, count]) =>
    radio("status", value, value === "all", text, element("b", exact(count)))));
}

function toggleTheme() {
  const shown = root.dataset.theme
    ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = shown === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("edgecli-theme", root.dataset.theme);
  } catch { /* a browser that keeps nothing for files */ }
}

try {
  const kept = localStorage.getItem("edgecli-theme");
  if (kept) root.dataset.theme = kept;
} catch { /* the same */ }

/** How far the keys go in the list, which ends before Home and End do. */
const gridKeys = () => ({
  j: 1, ArrowRight: 1, ArrowDown: columns, End: list.length,
  k: -1, ArrowLeft: -1, ArrowUp: -columns, Home: -list.length,
});

function pressed(event) {
  const { key, target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const isRadio = target.matches("[type=radio]"); // which has the arrow keys, and no other
  if (target.matches("input, select") && !isRadio) {
    if (target === query) pressedInQuery(event);
  } else if (isRadio && key.startsWith("Arrow")) {
    return;
  } else if (key === "t") {
    toggleTheme();
  } else if (dialog.open) {
    pressedInDetail(key);
  } else if (isRadio && key === "Enter" && list.length) {
    event.preventDefault();
    openDetail(active);
  } else if (key === "/") {
    event.preventDefault();
    query.focus();
    query.select();
  } else if (key in gridKeys() && !target.matches("button:not(.card), a")) {
    event.preventDefault();
    focusCard(target.matches(".card") ? active + gridKeys()[key] : active);
  }
}

function pressedInDetail(key) {
  if (key === "f") toggleFull();
  if (key !== "j" && key !== "k") return;
  showDetail(opened + gridKeys()[key]);
  focusDetail();
}

function pressedInQuery(event) {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault(); // else the card that takes the focus would take the key as well
  if (event.key === "Escape" && query.value) {
    query.value = "";
    changed();
  } else {
    focusCard(event.key === "Enter" ? 0 : active);
  }
}

addEventListener("keydown", pressed);
bar.addEventListener("input", changed);
byId("theme").addEventListener("click", toggleTheme);
byId("all").addEventListener("click", () => {
  query.value = "";
  document.querySelector("[name=status]").checked = true;
  changed();
  query.focus();
});
addEventListener("scroll", () => {
  bar.classList.toggle("over", bar.getBoundingClientRect().top <= 0);
}, { passive: true });

showTotals();
offerStatuses();
refresh();
