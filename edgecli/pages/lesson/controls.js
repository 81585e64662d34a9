// What can be chosen: fields and menus, each of which changes the lesson.

/** Read a field into a part of the lesson; one that cannot be read is marked, and says why. */
function bindField(id, read) {
  const field = byId(id);
  const take = () => {
    try {
      const patch = read(field.value.replaceAll(/\s/g, "").replaceAll(/[×x]/g, ","));
      field.removeAttribute("aria-invalid");
      change(patch);
    } catch (error) {
      field.setAttribute("aria-invalid", "true");
      say(`${error.message}.`);
    }
  };
  field.addEventListener("change", take);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (field.tagName !== "INPUT" || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    field.value = field.value.replaceAll(/\d+/g, (number) => Math.max(Number(number) + step, 0));
    take();
  });
}

const sizeOf = (text, what, largest) => {
  const [high, wide = high] = text.split(",").map((each) => readWhole(each, what, 1, largest));
  return [high, wide];
};

/** A filter's weights at another kernel size: zeros around, or what lies in the middle. */
function resizedWeight(weight, channels, [oldHigh, oldWide], [high, wide]) {
  const before = (size, kernel) => Math.floor((size - 1) / 2) - Math.floor((kernel - 1) / 2);
  const [top, left] = [before(high, oldHigh), before(wide, oldWide)];
  return Array.from({ length: channels * high * wide }, (_, n) => {
    const [i, j] = [(Math.floor(n / wide) % high) - top, (n % wide) - left];
    const isThere = i >= 0 && i < oldHigh && j >= 0 && j < oldWide;
    return isThere ? weight[(Math.floor(n / (high * wide)) * oldHigh + i) * oldWide + j] : 0;
  });
}

const resizedFilters = (size, filters = lesson.filters) => filters.map(({ name, weight }) =>
  ({ name, weight: resizedWeight(weight, lesson.channels, lesson.kernel, size) }));

/** Filters of which one is a built-in one; the others get its size where they are smaller. */
function withBuiltin(n, name, filters = lesson.filters) {
  const rows = builtins[name];
  const own = [rows.length, rows[0].length];
  const kernel = filters.length === 1 ? own : own.map((side, axis) => Math.max(side, lesson.kernel[axis]));
  const deep = Array(lesson.channels).fill(rows.flat()).flat();
  const made = resizedFilters(kernel, filters);
  made[n] = { name, weight: resizedWeight(deep, lesson.channels, own, kernel) };
  return { kernel, filters: made };
}

/** Add a built-in filter of the same size that is not there yet. */
function addFilter() {
  const used = lesson.filters.map(({ name }) => name);
  const fits = (name) => !used.includes(name) && same([builtins[name].length, builtins[name][0].length], lesson.kernel);
  const name = Object.keys(builtins).find(fits) ?? "identity";
  const filters = [...lesson.filters, lesson.filters[0]];
  change({ bias: lesson.bias && [...lesson.bias, 0], ...withBuiltin(used.length, name, filters) });
}

function removeFilter(n) {
  const without = (list) => list?.filter((_, k) => k !== n) ?? null;
  chosen = 0;
  change({ filters: without(lesson.filters), bias: without(lesson.bias) });
}

function setBias(n, text) {
  const bias = text.trim() === "" ? 0 : typed(text);
  if (!Number.isFinite(bias)) throw new Error("a bias is a number");
  const all = lesson.filters.map((_, k) => (k === n ? bias : lesson.bias?.[k] ?? 0));
  const isNone = text.trim() === "" && all.every((each) => each === 0);
  change({ bias: isNone ? null : all });
}

// --- a card for each filter ---

function filterCard(n) {
  const select = element("select", { ariaLabel: `Filter ${n + 1}` });
  const bias = element("input", { type: "text", inputMode: "decimal", size: 4, placeholder: "none" });
  const remove = element("button", { type: "button", className: "remove", title: "Remove",
    ariaLabel: `Remove filter ${n + 1}` }, "✕");
  select.addEventListener("change", () => { if (select.value) change(withBuiltin(n, select.value)); });
  bias.addEventListener("change", () => {
    try {
      setBias(n, bias.value);
      bias.removeAttribute("aria-invalid");
    } catch (error) {
      bias.setAttribute("aria-invalid", "true");
      say(`${error.message}.`);
    }
  });
  remove.addEventListener("click", () => { removeFilter(n); byId("add").focus(); });
  const card = element("div", { className: `filter map-${n}` },
    element("div", { className: "filter-head" }, select, remove),
    element("div", { className: "sheets", id: `kernel-${n}` }),
    element("label", { className: "small" }, "bias ", bias));
  Object.assign(card, { select, bias, remove });
  return card;
}

/** A menu's options: the filter's own name first, where it is not one of the built-in ones. */
function fillMenu(select, { name, weight }) {
  const rows = builtins[name]?.flat();
  const isBuiltin = rows && weight.length % rows.length === 0
    && weight.every((each, n) => each === rows[n % rows.length]);
  const own = isBuiltin ? [] : [element("option", { value: "" }, builtins[name] || !name ? "your own" : name)];
  select.replaceChildren(...own, ...Object.keys(builtins).map((each) => element("option", { value: each }, each)));
  select.value = isBuiltin ? name : "";
}

function drawCards() {
  const cards = byId("filters");
  const count = lesson.filters.length;
  if (cards.children.length !== count) {
    cards.replaceChildren(...lesson.filters.map((_, n) => filterCard(n)));
  }
  lesson.filters.forEach((filter, n) => {
    const { select, bias, remove } = cards.children[n];
    if (select !== document.activeElement || !select.told) fillMenu(select, filter);
    else select.value = [...select.options].some(({ value }) => value === filter.name) ? filter.name : "";
    select.told = true;
    remove.hidden = count === 1;
    if (bias !== document.activeElement) bias.value = lesson.bias ? signed(plain(lesson.bias[n])) : "";
  });
  byId("add").hidden = count >= MOST_FILTERS;
}

// --- the rest ---

const pairText = ([one, other]) => (one === other ? `${one}` : `${one},${other}`);

function drawControls() {
  const { padding } = lesson;
  const isNamed = typeof padding === "string";
  const texts = {
    size: times(lesson.height, lesson.width), channels: lesson.channels, "kernel-size": times(...lesson.kernel),
    padding: isNamed ? padding : "numbers", mode: lesson.mode, value: signed(plain(lesson.value)),
    stride: pairText(lesson.stride), dilation: pairText(lesson.dilation), activation: lesson.activation,
  };
  for (const [id, text] of Object.entries(texts)) {
    if (byId(id) !== document.activeElement || byId(id).tagName === "SELECT") byId(id).value = text;
  }
  const edges = isNamed ? "" : padding.every((each) => each === padding[0]) ? `${padding[0]}` : padding.join();
  if (byId("edges") !== document.activeElement) byId("edges").value = edges;
  byId("edges").hidden = isNamed;
  byId("value-label").hidden = lesson.mode !== "constant";
  drawCards();
}

bindField("size", (text) => {
  const [height, width] = sizeOf(text, "a side", LARGEST);
  return { height, width, volume: resizedVolume(lesson, height, width) };
});
bindField("channels", (text) => withChannels(Number(text)));
bindField("kernel-size", (text) => {
  const kernel = sizeOf(text, "a kernel's side", LARGEST_KERNEL);
  return { kernel, filters: resizedFilters(kernel) };
});
bindField("padding", (text) => {
  const { rows, cols } = worked.geometry;
  const kept = [rows.before, rows.after, cols.before, cols.after];
  return { padding: text === "numbers" ? kept.some(Boolean) ? kept : [1, 1, 1, 1] : text };
});
bindField("edges", (text) => ({ padding: readPadding(text) }));
bindField("mode", (mode) => ({ mode }));
bindField("value", (text) => ({ value: readNumber(text.replaceAll("−", "-"), "the constant") }));
bindField("stride", (text) => ({ stride: readPair(text, "stride", 1) }));
bindField("dilation", (text) => ({ dilation: readPair(text, "dilation", 1) }));
bindField("activation", (activation) => ({ activation }));
byId("add").addEventListener("click", addFilter);
