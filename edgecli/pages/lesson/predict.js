// Predict: the maps are hidden, and what is typed is checked.

const answers = new Map(); // by filter and position: what was typed, and whether it was right

const answerAt = (filter, position) => answers.get(`${filter} ${position}`) ?? null;

/** Whether a number was typed that is the answer, to as many decimals as were typed, two at least. */
function isRight(text, answer) {
  const decimals = /[.,](\d*)$/.exec(text.trim())?.[1].length ?? 0;
  const off = Math.abs(typed(text) - answer);
  const allowed = Number.isInteger(answer) ? 0 : 0.5 * 10 ** -Math.max(decimals, 2);
  return off <= allowed * (1 + 1e-9);
}

function checkAnswer() {
  const field = byId("answer");
  if (Number.isNaN(typed(field.value))) {
    say("Type a number.");
    return;
  }
  const position = order(lesson.at);
  const right = isRight(field.value, worked.maps[chosen][position]);
  answers.set(`${chosen} ${position}`, { text: field.value.trim(), right });
  drawMaps();
  drawWindow();
  drawSum();
  drawPredict();
  byId("verdict").textContent = right ? "Right!" : "Not yet: add up the products once more.";
  byId("verdict").className = right ? "right" : "wrong";
  if (right) goOn();
  field.select();
}

/** Go to the next position that has no right answer yet, if there is one. */
function goOn() {
  const count = places();
  for (let step = 1; step < count; step++) {
    const next = (order(lesson.at) + step) % count;
    if (answerAt(chosen, next)?.right) continue;
    byId("answer").value = "";
    move([Math.floor(next / outputSize()[1]), next % outputSize()[1]]);
    return;
  }
  say("All of them are right.");
}

function drawPredict() {
  byId("predict").ariaPressed = String(lesson.predict);
  byId("exercise").hidden = !lesson.predict || !fits();
  if (byId("exercise").hidden) return;
  const right = [...answers.values()].filter((each) => each.right).length;
  byId("score").textContent = `${right} of ${counted(places() * lesson.filters.length)} right`;
}

byId("exercise").addEventListener("submit", (event) => {
  event.preventDefault();
  checkAnswer();
});
byId("reveal").addEventListener("click", () => {
  const position = order(lesson.at);
  answers.set(`${chosen} ${position}`, { text: "", right: false, shown: true });
  byId("verdict").className = "";
  byId("verdict").textContent = `It is ${written(worked.maps[chosen][position], 6)}.`;
});
byId("predict").addEventListener("click", () => {
  byId("verdict").textContent = "";
  change({ predict: !lesson.predict });
  if (lesson.predict) byId("answer").focus();
});
