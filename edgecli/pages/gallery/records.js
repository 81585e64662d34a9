// What the page knows: written into it as JSON, looked up and never changed.

const byId = (id) => document.getElementById(id);
const read = (name) => JSON.parse(byId(`data-${name}`).textContent);
const records = read("records");
const sharedFacts = read("facts");
const totals = read("totals");

const names = new Intl.Collator(undefined, { numeric: true });
const searched = records.map((record) =>
  `${record.folder}${record.name} ${record.error ?? ""}`.toLowerCase());
const pixels = ({ shape }) => (shape.length ? shape[0] * shape[1] : 0);
const ratio = ({ shape }) => (shape.length ? shape[1] / shape[0] : 4 / 3);
const isGrained = ({ shape }) => shape.length > 0 && Math.max(...shape) <= 96;

const orders = {
  given: () => 0,
  name: (a, b) => names.compare(records[a].name, records[b].name),
  failed: (a, b) => (records[b].status === "failed") - (records[a].status === "failed"),
  large: (a, b) => pixels(records[b]) - pixels(records[a]),
};

/** The numbers of the records that hold every word of a query and have a status, in an order. */
function matching(query, status, order) {
  const words = query.toLowerCase().split(/\s+/);
  const matches = (n) => (status === "all" || records[n].status === status)
    && words.every((word) => searched[n].includes(word));
  return [...records.keys()].filter(matches).sort(orders[order]);
}

/** A record's facts as [label, text]; those that many images share are kept once. */
const factsOf = (record) =>
  record.facts.map((fact) => (typeof fact === "number" ? sharedFacts[fact] : fact));

/** Why an image failed, with its name, and without its folder. */
const reason = (record) =>
  (record.error ?? "").replace(`image ${record.folder}${record.name} `, `${record.name} `);

/** One line below a card's name: what was made of the image. */
function summary(record) {
  const { shape, outputs, status } = record;
  const maps = outputs.length > 1 ? `${outputs.length} edge maps` : outputs[0]?.label;
  const word = { failed: "failed", skipped: "unchanged" }[status];
  return [shape.join("×"), maps, word].filter(Boolean).join(" · ");
}

/** A new element with a text, and with properties such as its class. */
const element = (name, text, properties) =>
  Object.assign(document.createElement(name), { textContent: text }, properties);

/** A radio button in a label of words and elements. */
function radio(group, value, checked, ...words) {
  const label = element("label", "");
  label.append(element("input", "", { type: "radio", name: group, value, checked }), ...words);
  return label;
}
