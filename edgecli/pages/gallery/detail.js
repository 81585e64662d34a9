// One image, opened: the slider, every fact, and the way to the next.

function makeDetail(dialog, grid) {
  const compare = makeCompare(byId("compare"));
  const maps = byId("maps");
  let place = 0;

  function show(to) {
    place = Math.min(Math.max(to, 0), grid.list.length - 1);
    const record = records[grid.list[place]];
    byId("detail-name").firstElementChild.textContent = record.name;
    byId("detail-folder").firstElementChild.textContent = record.folder;
    byId("detail-error").hidden = record.status !== "failed";
    byId("detail-error").textContent = record.error ?? "";
    byId("detail-skipped").hidden = record.status !== "skipped";
    byId("facts").replaceChildren(...factElements(record));
    byId("place").textContent = `${place + 1} of ${grid.list.length}`;
    byId("previous").disabled = place === 0;
    byId("next").disabled = place === grid.list.length - 1;
    dialog.querySelector(".told").scrollTop = 0;
    dialog.querySelector(".stage").classList.toggle("failed", record.status === "failed");
    offerMaps(record);
    showMap(record, record.outputs[0]);
    grid.activate(place, false);
  }

  function showMap(record, output) {
    compare.show(record, output);
    byId("blank").hidden = Boolean(record.input.thumb || output?.thumb);
    byId("compare").hidden = !byId("blank").hidden;
    byId("links").replaceChildren(...linkElements([["Input", record.input], ["Edge map", output]]));
  }

  function offerMaps(record) {
    const labels = record.outputs.map((output, n) => {
      const choice = radio("map", String(n), output.label, n === 0);
      choice.firstElementChild.addEventListener("change", () => showMap(record, output));
      return choice;
    });
    maps.hidden = labels.length < 2;
    maps.replaceChildren(maps.firstElementChild, ...labels);
  }

  function factElements(record) {
    let before = null;
    return factsOf(record).flatMap(([label, text]) => {
      const pair = [element("dt", label), element("dd", text)];
      if (label === "shape") pair.forEach((part) => part.classList.add("shape"));
      if (label === before) pair[0].classList.add("again");
      before = label;
      return pair;
    });
  }

  function linkElements(pictures) {
    return pictures.filter(([, picture]) => picture?.link).map(([label, picture]) => {
      const link = element("a", `${label} ↗`);
      link.href = picture.link;
      link.target = "_blank";
      link.rel = "noreferrer noopener";
      return link;
    });
  }

  const focus = () => compare.focus() || byId("close").focus({ preventScroll: true });

  dialog.addEventListener("close", () => grid.activate(place));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  dialog.addEventListener("wheel", (event) => {
    const told = event.target.closest(".told");
    const scrolls = told && told.scrollHeight > told.clientHeight;
    if (!scrolls && !event.ctrlKey) event.preventDefault(); // the page below stays where it is
  }, { passive: false });
  byId("close").addEventListener("click", () => dialog.close());
  byId("previous").addEventListener("click", () => show(place - 1));
  byId("next").addEventListener("click", () => show(place + 1));

  return {
    open(at) {
      show(at);
      dialog.showModal();
      focus();
    },
    step(by) {
      show(place + by);
      focus();
    },
    get isOpen() { return dialog.open; },
  };
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** A radio button and its label, with a count if there is one. */
function radio(group, value, text, checked, count) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: group, value, checked });
  label.append(input, text);
  if (count !== undefined) label.append(" ", element("b", count.toLocaleString("en")));
  return label;
}
