// Words, times, people, meters: what the page works out, table by table.
import assert from "node:assert/strict";
import test from "node:test";
import { load, ru, en, person, people, steps, budget, facts, local, status, marks } from "./made_up.mjs";

const { say } = await load("../common/say.js");
const { timerOf, nextTask } = await load("timer.js");
const { listOf, markOf, matches, unaccounted, usedVariants } = await load("people.js");
const { countdownOf } = await load("holding.js");
const { Cells, share } = await load("cells.js");
const { together, place } = await load("waves.js");
const { date, later, length, timer } = await load("../common/format.js");

test("both languages have the same sentences with the same places to fill", () => {
  assert.deepEqual(Object.keys(en), Object.keys(ru));
  for (const key of Object.keys(ru)) {
    const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
    assert.deepEqual(places(en[key]), places(ru[key]), key);
  }
  assert.equal(say("no.such.key"), "no.such.key");
});

test("times", () => {
  assert.deepEqual([0, 59.9, 61, 3600, -3].map(length), ["0:00", "0:59", "1:01", "1:00:00", "0:00"]);
  assert.deepEqual([5, 600, 3661].map(timer), ["00:05", "10:00", "1:01:01"]);
  assert.equal(later("2026-02-11T23:59:50.25+07:00", 15), "2026-02-12T00:00:05+07:00");
  assert.equal(later("2026-02-11T10:00:00-03:30", 60), "2026-02-11T10:01:00-03:30");
  assert.equal(date("2026-02-11T10:00:00+07:00"), "11.02.2026");
});

test("the timer", () => {
  const of = (seconds, at, who = people[0]) => timerOf({ seconds, marks: at, person: who, steps, budget });
  const now = (clock) => clock.steps.find((step) => step.state === "now");
  const cases = [
    // seconds, marks, person: text, caption, step that runs, its text, over
    [12, [], people[0], "00:12", "с начала записи", 0, "", false],
    [30, marks(30), people[0], "00:00", "с начала ответа", 1, "0:00 / 4:00", false],
    [270, marks(30), people[0], "04:00", "с начала ответа", 1, "4:00 / 4:00", false],
    [272, marks(30), people[0], "04:02", "с начала ответа", 1, "4:02 / 4:00", true],
    [700, marks(30, 200, 400), people[0], "11:10", "с начала ответа", 3, "5:00 / 4:00", true],
    [991, marks(30, 200, 400, 900), people[0], "16:01", "дольше 16 мин — запись продолжается", 4, "1:31 / 3:00", false],
    [991, marks(30), people[1], "16:01", "с начала ответа, всего 46 мин", 1, "16:01", false],
    [2800, marks(30), people[1], "46:10", "дольше 46 мин — запись продолжается", 1, "46:10", false],
  ];
  for (const [seconds, at, who, text, caption, task, stepText, isOver] of cases) {
    const clock = of(seconds, at, who);
    assert.deepEqual(
      [clock.text, clock.caption, now(clock).task, now(clock).text, now(clock).isOver],
      [text, caption, task, stepText, isOver],
    );
  }
  assert.equal(of(12, []).prompt, "Назовите ФИО и вариант");
  assert.equal(of(130, []).prompt, "");
  assert.deepEqual(
    [1499, 1500].map((seconds) => of(seconds, []).isFinished),
    [false, true],
  );
  assert.deepEqual(
    [3299, 3300].map((seconds) => of(seconds, [], people[1]).isFinished),
    [false, true],
  );
  assert.deepEqual(
    of(50, marks(10), people[6]).steps.map((step) => step.task),
    [1, 3, 4],
  );
});

test("the next task passes over those not taken", () => {
  assert.equal(nextTask([], people[0]), 1);
  assert.equal(nextTask(marks(1), people[6]), 3);
  assert.equal(nextTask(marks(1, 2, 3, 4), people[0]), null);
  assert.equal(nextTask([{ task: 3, seconds: 1 }], people[0]), 4);
});

test("people are found by what is typed", () => {
  const cases = [
    ["иванов", [1, 2]],
    ["ива иг", [2]],
    ["елк", [3]],
    ["петрова", [3]],
    ["Bdfyjd", [1, 2]],
    ["9б", [3]],
    ["6", [6]],
    ["", [1, 2, 3, 4, 5, 6, 7]],
    ["иваноф", []],
    ["  ИВАНОВ   иван ", [1]],
    ["пётр", [4, 3]],
  ];
  for (const [query, found] of cases) {
    assert.deepEqual(
      people
        .filter((each) => matches(each, query))
        .map((each) => each.number)
        .sort(),
      found.sort(),
      query,
    );
  }
});

test("the list: other rooms are a second step, a name typed wrongly has a way out, twins have numbers", () => {
  const list = (more) => listOf(facts, status("idle"), { ...local, ...more });
  assert.deepEqual(
    list({}).rows.map((row) => row.number),
    [1, 2, 3, 5, 6, 7],
  );
  assert.equal(list({}).hasOtherRooms, true);
  assert.deepEqual(
    list({ whole: true }).rows.map((row) => row.room),
    ["", "", "", "12а", "", "", ""],
  );
  assert.deepEqual([list({ query: "сидоров" }).rows.length, list({ query: "сидоров" }).elsewhere], [0, 1]);
  assert.deepEqual(
    list({ query: "Иваноф" }).similar.map((row) => row.number),
    [1, 2],
  );
  assert.deepEqual(list({ query: "ыыыыы" }).similar, []);
  for (const query of ["о'кон", "о’кон", "окон"]) assert.ok(matches(person(9, "О’Коннор Анна"), query), query);
  assert.deepEqual(
    list({})
      .rows.filter((row) => row.showNumber)
      .map((row) => row.number),
    [5, 6],
  );
});

test("what stands beside a name", () => {
  const take = (decision, more = {}) => ({
    decision,
    accepted: decision === "accepted",
    opinion: null,
    variant: "1",
    ...more,
  });
  const cases = [
    [{ outcome: "absent", takes: [] }, "outcome.absent"],
    [{ takes: [] }, null],
    [{ takes: [take("rejected")] }, "mark.rejected"],
    [{ takes: [take("rejected"), take("accepted")] }, "mark.recorded"],
    [{ takes: [take("accepted", { opinion: "well" })] }, "mark.accepted"],
    [{ takes: [take("unreviewed")] }, "mark.unreviewed"],
    [{ takes: [take(null)] }, "mark.recorded"],
    [{ takes: [take("interrupted")] }, "mark.interrupted"],
  ];
  for (const [noted, key] of cases) assert.equal(markOf({ outcome: null, ...noted })?.key ?? null, key);
  assert.deepEqual(usedVariants({ takes: [take("rejected"), take("accepted"), { ...take("x"), variant: null }] }), [
    "1",
  ]);
  const noted = status("idle", {
    participants: [
      { number: 1, outcome: null, takes: [take("accepted")] },
      { number: 2, outcome: "absent", takes: [] },
      { number: 3, outcome: null, takes: [take("rejected")] },
    ],
  });
  assert.deepEqual(
    unaccounted(facts, noted).map((each) => each.number),
    [3, 5, 6, 7],
  );
});

test("the countdown", () => {
  assert.equal(countdownOf(null, 10), null);
  const at = (now) => countdownOf({ at: 1000, needs: 3000 }, now).seconds;
  assert.deepEqual([1500, 2000, 2001, 3999, 9000].map(at), [3, 2, 2, 1, 1]);
});

test("level cells are shown evenly, though they come in handfuls", () => {
  const cells = new Cells();
  const seen = [];
  for (let at = 0; at < 4; at += 1 / 60) {
    if (Math.round(at * 60) % 7 === 0)
      cells.add(
        Array.from({ length: 3 }, (_, i) => [[-20 - ((Math.round((at * 60) / 7) * 3 + i) % 20), -10]]),
        at,
      );
    seen.push(cells.at(at)?.seats[0][0] ?? null);
  }
  const changes = seen.slice(120).filter((value, index, all) => index > 0 && value !== all[index - 1]).length;
  assert.ok(changes / 2 >= 15, `${changes / 2} a second`);
  assert.equal(cells.at(9), null);
  assert.deepEqual([0, -30, -60, -120].map(share), [1, 0.5, 0, 0]);
});

test("the waveform fills its height and marks have their places", () => {
  assert.deepEqual(
    together([
      [
        [-0.1, 0.2],
        [0, 0.1],
      ],
      [
        [-0.4, 0.1],
        [0, 0],
      ],
    ]),
    [
      [-1, 0.5],
      [0, 0.25],
    ],
  );
  assert.deepEqual([place(50, 100), place(-1, 100), place(200, 100), place(1, 0)], [500, 0, 1000, 0]);
});
