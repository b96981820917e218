// What is decided from a status, table by table. $ROOM: the page's modules.
import assert from "node:assert/strict";
import test from "node:test";

const load = (file) => import(`${process.env.ROOM}/${file}`);
const { default: ru } = await load("../words.ru.js");
const { default: en } = await load("../words.en.js");
const { speak, say } = await load("say.js");
const { timerOf, nextTask } = await load("timer.js");
const { listOf, markOf, matches, unaccounted, usedVariants } = await load("people.js");
const { alarmsOf, sinceOf, speechInPause } = await load("alarms.js");
const { verdictOf, taskAt } = await load("verdict.js");
const { bandOf, mainOf, screenOf } = await load("screen.js");
const { refusalOf } = await load("refusals.js");
const { lightsOf } = await load("readiness.js");
const { countdownOf } = await load("holding.js");
const { contextOf } = await load("context.js");
const { Cells, share } = await load("cells.js");
const { together, place } = await load("waves.js");
const { date, later, length, timer } = await load("format.js");
speak(ru);

const person = (number, name, more = {}) => {
  const [surname, first_name, patronymic = ""] = name.split(" ");
  return { number, surname, first_name, patronymic, class: "9А", room: "265", extended: false, scheme: 2, tasks: [1, 2, 3, 4], playback: true, ...more };
};
const people = [person(1, "Иванов Иван Сергеевич"), person(2, "Иванов Игорь Павлович", { extended: true }), person(3, "Ёлкина-Петрова Анна Олеговна", { class: "9Б", room: "" }),
  person(4, "Сидоров Пётр Ильич", { room: "12а" }), person(5, "Смирнова Александра"), person(6, "Смирнова Александра"), person(7, "Серая Ольга", { tasks: [1, 3, 4], playback: false })];
const steps = [[1, 120, 120], [2, 120, 180], [3, 60, 180], [4, 0, 180]].map(([task, prepare_s, answer_s]) => ({ task, prepare_s, answer_s }));
const budget = { ordinary_s: 960, extra_s: 1800, finished_after_s: 1500 };
const facts = { room: "265", exam_date: "2026-02-11", people, steps, budget, seats: [], language: "ru", sample_rate: 48000 };
const inHand = (more = {}) => ({ take: "a", participant: 1, variant: "12", seconds: 100, seconds_in_all: 105, paused_s: null, marks: [], opinion: null, ...more });
const status = (state, more = {}) => ({ state, version: 1, now: "2026-02-11T10:42:07.5+07:00", chosen: null, in_hand: null, pedal: null, verdict: null, alarms: [], disk: [{ hours_left: 10 }],
  levels: { rms_dbfs: [-40] }, stream: { frames: 48000 }, participants: people.map(({ number }) => ({ number, outcome: null, takes: [] })), ...more });
const local = { query: "", whole: false, next: null, again: null, refusal: null, holding: null, lostAt: null, away: null, dialog: null, variant: null };
const marks = (...seconds) => seconds.map((at, index) => ({ task: index + 1, seconds: at }));

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
    assert.deepEqual([clock.text, clock.caption, now(clock).task, now(clock).text, now(clock).isOver], [text, caption, task, stepText, isOver]);
  }
  assert.equal(of(12, []).prompt, "Назовите ФИО и вариант");
  assert.equal(of(130, []).prompt, "");
  assert.deepEqual([1499, 1500].map((seconds) => of(seconds, []).isFinished), [false, true]);
  assert.deepEqual([3299, 3300].map((seconds) => of(seconds, [], people[1]).isFinished), [false, true]);
  assert.deepEqual(of(50, marks(10), people[6]).steps.map((step) => step.task), [1, 3, 4]);
});

test("the next task passes over those not taken", () => {
  assert.equal(nextTask([], people[0]), 1);
  assert.equal(nextTask(marks(1), people[6]), 3);
  assert.equal(nextTask(marks(1, 2, 3, 4), people[0]), null);
  assert.equal(nextTask([{ task: 3, seconds: 1 }], people[0]), 4);
});

test("people are found by what is typed", () => {
  const cases = [["иванов", [1, 2]], ["ива иг", [2]], ["елк", [3]], ["петрова", [3]], ["Bdfyjd", [1, 2]], ["9б", [3]], ["6", [6]], ["", [1, 2, 3, 4, 5, 6, 7]],
    ["иваноф", []], ["  ИВАНОВ   иван ", [1]], ["пётр", [4, 3]]];
  for (const [query, found] of cases) {
    assert.deepEqual(people.filter((each) => matches(each, query)).map((each) => each.number).sort(), found.sort(), query);
  }
});

test("the list: other rooms are a second step, a name typed wrongly has a way out, twins have numbers", () => {
  const list = (more) => listOf(facts, status("idle"), { ...local, ...more });
  assert.deepEqual(list({}).rows.map((row) => row.number), [1, 2, 3, 5, 6, 7]);
  assert.equal(list({}).hasOtherRooms, true);
  assert.deepEqual(list({ whole: true }).rows.map((row) => row.room), ["", "", "", "12а", "", "", ""]);
  assert.deepEqual([list({ query: "сидоров" }).rows.length, list({ query: "сидоров" }).elsewhere], [0, 1]);
  assert.deepEqual(list({ query: "Иваноф" }).similar.map((row) => row.number), [1, 2]);
  assert.deepEqual(list({ query: "ыыыыы" }).similar, []);
  assert.deepEqual(list({}).rows.filter((row) => row.showNumber).map((row) => row.number), [5, 6]);
});

test("what stands beside a name", () => {
  const take = (decision, more = {}) => ({ decision, accepted: decision === "accepted", opinion: null, variant: "1", ...more });
  const cases = [[{ outcome: "absent", takes: [] }, "outcome.absent"], [{ takes: [] }, null], [{ takes: [take("rejected")] }, "mark.rejected"], [{ takes: [take("rejected"), take("accepted")] }, "mark.recorded"],
    [{ takes: [take("accepted", { opinion: "well" })] }, "mark.accepted"], [{ takes: [take("unreviewed")] }, "mark.unreviewed"], [{ takes: [take(null)] }, "mark.recorded"], [{ takes: [take("interrupted")] }, "mark.interrupted"]];
  for (const [noted, key] of cases) assert.equal(markOf({ outcome: null, ...noted })?.key ?? null, key);
  assert.deepEqual(usedVariants({ takes: [take("rejected"), take("accepted"), { ...take("x"), variant: null }] }), ["1"]);
  const noted = status("idle", { participants: [{ number: 1, outcome: null, takes: [take("accepted")] }, { number: 2, outcome: "absent", takes: [] }, { number: 3, outcome: null, takes: [take("rejected")] }] });
  assert.deepEqual(unaccounted(facts, noted).map((each) => each.number), [3, 5, 6, 7]);
});

test("one screen and one big action for each state", () => {
  const chosen = { participant: 2, variant: null };
  const review = (more = {}, rest = {}) => status("review", { in_hand: inHand(more), ...rest });
  const well = { opinion: "well" };
  const cases = [
    // status, local: screen, action, tone, mark
    [status("closed"), {}, "closed", "open", "closed", "square"],
    [status("closed", { now: "2026-02-10T10:00:00+07:00" }), {}, "closed", null, "closed", "square"],
    [status("idle"), {}, "idle", null, "idle", "ring"],
    [status("idle", { chosen }), {}, "idle", "start", "idle", "ring"],
    [status("recording", { in_hand: inHand() }), {}, "recording", "mark", "recording", "disc"],
    [status("recording", { in_hand: inHand({ marks: marks(1, 2, 3, 4) }) }), {}, "recording", "stop", "recording", "disc"],
    [status("paused", { in_hand: inHand({ paused_s: 3 }) }), {}, "paused", "resume", "paused", "bars"],
    [review(), {}, "listening", "listen", "review", "wait"],
    [review({}, { verdict: { grade: "pass", metrics: [] } }), {}, "listening", "listen", "review", "check"],
    [review({ opinion: "badly" }), {}, "listening", "listen", "review", "wait"],
    [review(well), {}, "next", null, "review", "check"],
    [review(well, { chosen }), {}, "next", "start", "review", "check"],
    [review({ opinion: "declined" }), {}, "next", null, "review", "check"],
    [review({}, { chosen }), {}, "next", "start", "review", "check"],
    [review(), { next: "a" }, "next", null, "review", "check"],
    [review(), { next: "another" }, "listening", "listen", "review", "wait"],
    [review(well), { again: "a" }, "listening", "listen", "review", "wait"],
    [review({ participant: 7 }), {}, "next", null, "review", "check"],
  ];
  for (const [told, here, screen, act, tone, mark] of cases) {
    const found = screenOf(told, facts, { ...local, ...here });
    const band = bandOf(found, told, facts);
    assert.deepEqual([found, mainOf(found, told, facts)?.act ?? null, band.tone, band.mark], [screen, act, tone, mark]);
  }
  assert.equal(mainOf("recording", status("recording", { in_hand: inHand() }), facts, { isFinished: true }).act, "stop");
  assert.equal(mainOf("next", review(well, { chosen: { participant: 1 } }), facts).label, say("card.continue"));
});

test("alarms say what, since when, what to do, what is safe; the worst first; a break's are not shown in an interview", () => {
  const alarm = (cause, more = {}) => ({ code: cause, cause, seat: "", severity: "warn", text: "said by the daemon", since: "2026-02-11T10:41:52+07:00", ...more });
  const now = "2026-02-11T10:42:07+07:00";
  const told = alarmsOf(status("recording", { alarms: [alarm("rehearsal_missing"), alarm("noise"), alarm("level_low", { seat: "participant", severity: "red" }), alarm("dropout")] }), now);
  assert.deepEqual(told.shown[0], { code: "level_low", tone: "red", what: "Участника почти не слышно", since: "уже 15 с", todo: "Попросите говорить громче или придвиньте микрофон.", safe: "Запись продолжается." });
  assert.deepEqual([told.shown.length, told.shown[1].code, told.more], [2, "noise", 1]);
  assert.equal(alarmsOf(status("recording", { alarms: [alarm("rehearsal_missing")] }), now).shown.length, 0);
  assert.equal(alarmsOf(status("idle", { alarms: [alarm("rehearsal_missing")] }), now).shown.length, 1);
  const unknown = alarmsOf(status("idle", { alarms: [alarm("of_tomorrow")] }), now).shown[0];
  assert.deepEqual([unknown.what, unknown.todo, unknown.safe], ["said by the daemon", "", ""]);
  assert.deepEqual(["10:42:00", "10:38:00", "10:00:00"].map((at) => sinceOf(`2026-02-11T${at}+07:00`, now)), ["уже 7 с", "уже 4 мин", "с 10:00"]);
  assert.equal(sinceOf("2026-02-11T03:41:52Z", now), "уже 15 с");
  assert.equal(speechInPause(status("paused"), now), null);
  assert.equal(speechInPause(status("paused", { alarms: [alarm("speech_in_pause")] }), now), 30);
});

test("every alarm of the station has its words", () => {
  for (const cause of process.env.CAUSES.split(" ")) {
    for (const table of [ru, en]) for (const key of [`alarm.${cause}`, `alarm.${cause}.do`]) assert.ok(key in table, key);
  }
});

test("the verdict asks to listen, in neutral words, and names the task", () => {
  const metric = (grade, at, more = {}) => ({ name: "level", grade, voice: "participant", places: at.map((start_s) => ({ start_s, end_s: start_s + 1 })), ...more });
  const take = inHand({ seconds: 700, seconds_in_all: 705, marks: marks(30, 200, 420) });
  const cases = [[null, "wait", "Проверяю запись…"], [[], "check", "Запись хорошая"], [[metric("fail", [431])], "ear", "Прослушайте задание 3"], [[metric("warn", [431, 36])], "ear", "Прослушайте задания 1, 3"],
    [[metric("warn", [3])], "ear", "Прослушайте начало"], [[metric("warn", [])], "ear", "Прослушайте запись"], [[metric("warn", [3, 36])], "ear", "Прослушайте задание 1"]];
  for (const [metrics, mark, title] of cases) {
    const verdict = metrics && { grade: metrics[0]?.grade ?? "pass", metrics };
    assert.deepEqual([verdictOf(verdict, take).mark, verdictOf(verdict, take).title], [mark, title]);
  }
  const told = verdictOf({ grade: "fail", metrics: [metric("fail", [431, 433, 500, 10, 300]), metric("warn", [], { name: "noise", voice: undefined })] }, take);
  assert.equal(told.attention, "Обратите внимание: громкость голоса участника, шум.");
  assert.deepEqual(told.places, [10, 300, 431]);
  assert.deepEqual([4, 34, 36, 206].map((at) => taskAt(at, take)), [0, 0, 1, 2]);
});

test("every quality that a verdict may doubt has its words", () => {
  for (const name of process.env.METRICS.split(" ")) assert.ok(`quality.${name}` in ru, name);
});

test("refusals are sentences in the reader's language with the way out", () => {
  const error = { code: "used_variant", ru: "по-русски", en: "in English", text: "?" };
  assert.match(refusalOf(error, "idle", "ru"), /Возьмите другой вариант/);
  assert.match(refusalOf({ code: "wrong_state" }, "recording", "ru"), /Уже идёт запись/);
  assert.equal(refusalOf({ ...error, code: "of_tomorrow" }, "idle", "en"), "in English");
  assert.equal(refusalOf({ code: "of_tomorrow" }, "idle", "ru"), "Не выполнено");
  for (const code of process.env.CODES.split(" ")) {
    assert.ok(`refusal.${code}` in ru || `refusal.${code}.idle` in ru, code);
  }
});

test("readiness in lights", () => {
  const ready = (more) => lightsOf(status("closed", more), facts).map((light) => light.isReady);
  assert.deepEqual(ready({}), [true, true, true, true]);
  assert.deepEqual(ready({ levels: { rms_dbfs: [] } }), [false, true, true, true]);
  const causes = ["device_lost", "disk_low", "second_copy_failed", "rehearsal_missing"].map((cause) => ({ code: cause, cause }));
  assert.deepEqual(ready({ alarms: causes, disk: [{ hours_left: 1 }, { hours_left: 2 }] }), [false, false, false, false, true]);
});

test("the countdown", () => {
  assert.equal(countdownOf(null, 10), null);
  const at = (now) => countdownOf({ at: 1000, needs: 3000 }, now).seconds;
  assert.deepEqual([1500, 2000, 2001, 3999, 9000].map(at), [3, 2, 2, 1, 1]);
});

test("between two statuses time goes on by itself, and only where it does", () => {
  const of = (told) => contextOf({ heard: { status: told, at: 1000 }, facts, local, player: { at: 0 }, wave: null, at: 11_000 });
  assert.equal(of(status("recording", { in_hand: inHand() })).clock.text, "01:50");
  const paused = of(status("paused", { in_hand: inHand({ paused_s: 30 }) }));
  assert.deepEqual([paused.clock.text, paused.band.title], ["01:40", "ПАУЗА 0:40"]);
  assert.equal(of(status("idle", { stream: { frames: 48000 * 65 } })).band.detail, "Общая запись идёт 1:15");
  assert.equal(of(status("idle")).now, "2026-02-11T10:42:17+07:00");
});

test("level cells are shown evenly, though they come in handfuls", () => {
  const cells = new Cells();
  const seen = [];
  for (let at = 0; at < 4; at += 1 / 60) {
    if (Math.round(at * 60) % 7 === 0) cells.add(Array.from({ length: 3 }, (_, i) => [[-20 - ((Math.round((at * 60) / 7) * 3 + i) % 20), -10]]), at);
    seen.push(cells.at(at)?.[0][0] ?? null);
  }
  const changes = seen.slice(120).filter((value, index, all) => index > 0 && value !== all[index - 1]).length;
  assert.ok(changes / 2 >= 15, `${changes / 2} a second`);
  assert.equal(cells.at(9), null);
  assert.deepEqual([0, -30, -60, -120].map(share), [1, 0.5, 0, 0]);
});

test("the waveform fills its height and marks have their places", () => {
  assert.deepEqual(together([[[-0.1, 0.2], [0, 0.1]], [[-0.4, 0.1], [0, 0]]]), [[-1, 0.5], [0, 0.25]]);
  assert.deepEqual([place(50, 100), place(-1, 100), place(200, 100), place(1, 0)], [500, 0, 1000, 0]);
});
