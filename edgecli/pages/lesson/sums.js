// The sum of products at one position, written out channel by channel, and what it costs in all.

const MOST_TERMS = 49; // of a kernel whose products are all written out

let chosen = 0; // the filter whose sum is written out

/** The window, the products and the subtotals of the chosen filter at the position. */
function sumOf() {
  const pixels = windowAt(lesson, worked.geometry, worked.padded, ...lesson.at);
  const { weight } = lesson.filters[chosen];
  const area = lesson.kernel[0] * lesson.kernel[1];
  const subtotals = Array(lesson.channels).fill(0);
  pixels.forEach((pixel, n) => { subtotals[Math.floor(n / area)] += pixel * weight[n]; });
  return { pixels, weight, area, subtotals };
}

function termElement(pixel, weight, place) {
  const term = element("span", { className: "term" },
    element("b", { className: "pixel" }, factor(pixel)), "·",
    element("b", { className: "weight" }, factor(weight)));
  term.dataset.tap = place;
  return term;
}

/** A kernel's row: its products, or, where there are too many, their sum. */
function rowElement(sum, channel, row) {
  const wide = lesson.kernel[1];
  const first = channel * sum.area + row * wide;
  const taps = Array.from({ length: wide }, (_, n) => first + n);
  if (sum.area > MOST_TERMS) {
    const total = taps.reduce((part, n) => part + sum.pixels[n] * sum.weight[n], 0);
    return element("span", { className: "row", title: `row ${row}` }, factor(total));
  }
  const terms = taps.flatMap((n, k) => [...(k ? [" + "] : []), termElement(sum.pixels[n], sum.weight[n], n)]);
  return element("span", { className: "row" }, ...terms);
}

function channelLine(sum, channel, name, hidden) {
  const rows = Array.from({ length: lesson.kernel[0] }, (_, row) => rowElement(sum, channel, row));
  const parts = rows.flatMap((row, n) => [...(n ? [" + "] : []), row]);
  const total = sum.subtotals[channel];
  const told = element("p", { className: `line ${name}` });
  if (lesson.channels > 1) told.append(element("span", { className: "tag" }, name));
  told.append(element("span", {}, ...parts));
  if (lesson.channels > 1 || lesson.bias) told.append(" = ", element("strong", {}, hidden ? "?" : written(total, 6)));
  return told;
}

/** How subtotals and bias make the response; nothing where there is one channel and no bias. */
function totalParts(sum, hidden) {
  const summands = sum.subtotals.map((each, n) =>
    element("b", { className: `subtotal ${channelNames(lesson)[n]}` }, hidden ? "?" : factor(each)));
  if (lesson.bias) summands.push(element("b", { className: "bias", title: "bias" }, factor(lesson.bias[chosen])));
  return summands.length > 1 ? summands.flatMap((each, n) => (n ? [" + ", each] : [each])) : [];
}

function resultParts(hidden) {
  const n = order(lesson.at);
  const response = worked.responses[chosen][n];
  const result = worked.maps[chosen][n];
  const shown = (value) => (hidden ? "?" : written(value, 6));
  const last = lesson.activation === "none";
  const parts = [hidden ? " = " : ` ${equals(response)} `, element(last ? "output" : "strong", {}, shown(response))];
  if (last) return parts;
  return [...parts, element("span", { className: "activation" }, ` → ${lesson.activation} → `),
    element("output", {}, shown(result))];
}

function drawSum() {
  const told = byId("sum");
  byId("position").textContent = fits()
    ? `row ${lesson.at[0]}, column ${lesson.at[1]} of ${times(...outputSize())}` : "";
  drawChoices();
  told.className = `sum map-${chosen}`;
  if (!fits()) {
    const { rows, cols } = worked.geometry;
    told.replaceChildren(element("p", { className: "warning" },
      `The window ${times(rows.span, cols.span)} is larger than the padded input `
      + `${times(rows.padded, cols.padded)}: pad more, or use a smaller kernel.`));
    return;
  }
  const sum = sumOf();
  const hidden = lesson.predict && !answerAt(chosen, order(lesson.at))?.right;
  const lines = channelNames(lesson).map((name, channel) => channelLine(sum, channel, name, hidden));
  const total = totalParts(sum, hidden);
  const result = resultParts(hidden);
  if (total.length) lines.push(element("p", { className: "line total" }, ...total, ...result));
  else lines[0].append(...result);
  told.replaceChildren(...lines);
}

/** Which of several filters' sums is written out. */
function drawChoices() {
  const names = lesson.filters.map(({ name }, n) => name || `filter ${n + 1}`);
  const choices = byId("choices");
  choices.hidden = names.length < 2;
  if (choices.told !== String(names)) {
    choices.told = String(names);
    choices.replaceChildren(...names.map((name, n) => element("label", { className: `map-${n}` },
      element("input", { type: "radio", name: "chosen", value: n }), name)));
  }
  const radios = choices.querySelectorAll("input");
  if (radios[chosen]) radios[chosen].checked = true;
}

// --- what it costs ---

function axisFormula({ size, before, after, span, stride, output }) {
  const padding = before || after ? ` + ${before} + ${after}` : "";
  return [`⌊(${size}${padding} − ${span})/${stride}⌋ + 1`, counted(output)];
}

const spanOf = ({ kernel, dilation, span }) => `${dilation}·(${kernel} − 1) + 1 = ${span}`;

function costRows() {
  const { rows, cols } = worked.geometry;
  const costs = costsOf(lesson, worked.geometry);
  const [high, wide] = lesson.kernel;
  const volume = `${high}·${wide}·${lesson.channels}`;
  const out = `${rows.output}·${cols.output}·${costs.count}`;
  const many = costs.fullyConnected / Math.max(costs.weights + costs.biases, 1);
  const parameters = costs.biases ? `${costs.count}·(${volume} + 1)` : `${costs.count}·${volume}`;
  const spread = Math.max(rows.dilation, cols.dilation) > 1;
  return [
    ["output height", ...axisFormula(rows)],
    ["output width", ...axisFormula(cols)],
    ...(spread ? [["window", spanOf(rows), rows.span === cols.span ? "pixels" : `by ${cols.span}`]] : []),
    ["shape", `${times(lesson.height, lesson.width, lesson.channels)} →`,
      times(rows.output, cols.output, costs.count)],
    ["parameters", parameters, counted(costs.weights + costs.biases)],
    ["multiply-adds (MACs)", `${out} · ${volume}`, counted(costs.macs)],
    ["connections", `${volume} for each of ${counted(costs.outputs)} outputs`, counted(costs.macs)],
    ["fully connected", `${counted(costs.inputs)} · ${counted(costs.outputs)}`,
      `${counted(costs.fullyConnected)} parameters`],
    ["instead of shared", `${counted(costs.fullyConnected)} / ${counted(costs.weights + costs.biases)}`,
      `${many < 100 ? written(many, 3) : counted(Math.round(many))} times as many`],
  ];
}

function drawCosts() {
  byId("costs").replaceChildren(...costRows().map(([what, formula, result]) => element("div", {},
    element("dt", {}, what), element("dd", {}, element("span", {}, `${formula}${formula.endsWith("→") ? "" : " ="} `),
      element("strong", {}, result)))));
}
