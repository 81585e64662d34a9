// What the page knows: written into it as JSON, looked up and never changed.

const byId = (id) => document.getElementById(id);
const read = (name) => JSON.parse(byId(`data-${name}`).textContent);
const records = read("records");
const sharedFacts = read("facts");
const totals = read("totals");

const names = new Intl.Collator(undefined, { numeric: true });
const searched = records.map((record) =>
  `${record.folder}${record.name} ${record.error ?? ""}`.toLowerCase());
const pixels = (record) => (record.shape.length ? record.shape[0] * record.shape[1] : 0);
const ratio = (record) => (record.shape.length ? record.shape[1] / record.shape[0] : 4 / 3);
const isGrained = (record) => record.shape.length > 0 && Math.max(...record.shape) <= 96;

const orders = {
  given: () => 0,
  name: (a, b) => names.compare(records[a].name, records[b].name),
  failed: (a, b) => (records[b].status === "failed") - (records[a].status === "failed"),
  large: (a, b) => pixels(records[b]) - pixels(records[a]),
};

/** The numbers of the records that hold every word of a query and have a status, in an order. */
function matching(query, status, order) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (let n = 0; n < records.length; n++) {
    if (status !== "all" && records[n].status !== status) continue;
    if (words.every((word) => searched[n].includes(word))) found.push(n);
  }
  return order === "given" ? found : found.sort(orders[order]);
}

/** A record's facts as [label, text]; those that many images share are kept once. */
const factsOf = (record) =>
  record.facts.map((fact) => (typeof fact === "number" ? sharedFacts[fact] : fact));

/** Why an image failed; its name stands beside it already. */
const reason = (record) =>
  (record.error ?? "").replace(`image ${record.folder}${record.name} `, "");

/** One line below a card's name: what was made of the image. */
function summary(record) {
  const words = [record.shape.join("×"), record.outputs[0]?.label];
  if (record.outputs.length > 1) words[1] = `${record.outputs.length} edge maps`;
  if (record.status !== "done") words.push(record.status === "failed" ? "failed" : "unchanged");
  return words.filter(Boolean).join(" · ");
}
