// What one glance must tell in each state, table by table.
import assert from "node:assert/strict";
import test from "node:test";
import { load, ru, en, facts, inHand, status, local, marks } from "./made_up.mjs";

const { say } = await load("../common/say.js");
const { alarmsOf, sinceOf, speechInPause } = await load("alarms.js");
const { verdictOf, taskAt } = await load("verdict.js");
const { bandOf, mainOf, screenOf } = await load("screen.js");
const { refusalOf } = await load("refusals.js");
const { lightsOf } = await load("readiness.js");
const { contextOf } = await load("context.js");

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
    [
      status("recording", { in_hand: inHand({ marks: marks(1, 2, 3, 4) }) }),
      {},
      "recording",
      "stop",
      "recording",
      "disc",
    ],
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
  assert.equal(
    mainOf("recording", status("recording", { in_hand: inHand() }), facts, { isFinished: true }).act,
    "stop",
  );
  assert.equal(mainOf("next", review(well, { chosen: { participant: 1 } }), facts).label, say("card.continue"));
});

test("alarms say what, since when, what to do, what is safe; the worst first; a break's are not shown in an interview", () => {
  const alarm = (cause, more = {}) => ({
    code: cause,
    cause,
    seat: "",
    severity: "warn",
    text: "said by the daemon",
    since: "2026-02-11T10:41:52+07:00",
    ...more,
  });
  const now = "2026-02-11T10:42:07+07:00";
  const told = alarmsOf(
    status("recording", {
      alarms: [
        alarm("rehearsal_missing"),
        alarm("noise"),
        alarm("level_low", { seat: "participant", severity: "red" }),
        alarm("dropout"),
      ],
    }),
    now,
  );
  assert.deepEqual(told.shown[0], {
    code: "level_low",
    tone: "red",
    what: "Участника почти не слышно",
    since: "уже 15 с",
    todo: "Попросите говорить громче или придвиньте микрофон.",
    safe: "Запись продолжается.",
  });
  assert.deepEqual([told.shown.length, told.shown[1].code, told.more], [2, "noise", 1]);
  assert.equal(alarmsOf(status("recording", { alarms: [alarm("rehearsal_missing")] }), now).shown.length, 0);
  assert.equal(alarmsOf(status("idle", { alarms: [alarm("rehearsal_missing")] }), now).shown.length, 1);
  assert.equal(alarmsOf(status("idle", { alarms: [alarm("silence")] }), now).shown[0].safe, say("alarm.silence.safe"));
  assert.equal(alarmsOf(status("closed", { alarms: [alarm("silence")] }), now).shown[0].safe, say("alarm.safe.closed"));
  assert.equal(alarmsOf(status("closed", { alarms: [alarm("disk_low")] }), now).shown.length, 0, "told by a light");
  assert.equal(alarmsOf(status("closed", { alarms: [alarm("disk_low")] }), now, new Set()).shown.length, 1);
  const unknown = alarmsOf(status("idle", { alarms: [alarm("of_tomorrow")] }), now).shown[0];
  assert.deepEqual([unknown.what, unknown.todo, unknown.safe], ["said by the daemon", "", ""]);
  assert.deepEqual(
    ["10:42:00", "10:38:00", "10:00:00"].map((at) => sinceOf(`2026-02-11T${at}+07:00`, now)),
    ["уже 7 с", "уже 4 мин", "с 10:00"],
  );
  assert.equal(sinceOf("2026-02-11T03:41:52Z", now), "уже 15 с");
  assert.equal(speechInPause(status("paused"), now), null);
  assert.equal(speechInPause(status("paused", { alarms: [alarm("speech_in_pause")] }), now), 30);
});

test("every alarm of the station has its words", () => {
  for (const cause of process.env.CAUSES.split(" ")) {
    for (const table of [ru, en])
      for (const key of [`alarm.${cause}`, `alarm.${cause}.do`]) assert.ok(key in table, key);
  }
});

test("the verdict asks to listen, in neutral words, and names the task", () => {
  const metric = (grade, at, more = {}) => ({
    name: "level",
    grade,
    voice: "participant",
    places: at.map((start_s) => ({ start_s, end_s: start_s + 1 })),
    ...more,
  });
  const take = inHand({ seconds: 700, seconds_in_all: 705, marks: marks(30, 200, 420) });
  const cases = [
    [null, "wait", "Проверяю запись…"],
    [[], "check", "Запись хорошая"],
    [[metric("fail", [431])], "ear", "Прослушайте задание 3"],
    [[metric("warn", [431, 36])], "ear", "Прослушайте задания 1, 3"],
    [[metric("warn", [3])], "ear", "Прослушайте начало"],
    [[metric("warn", [])], "ear", "Прослушайте запись"],
    [[metric("warn", [3, 36])], "ear", "Прослушайте задание 1"],
  ];
  for (const [metrics, mark, title] of cases) {
    const verdict = metrics && { grade: metrics[0]?.grade ?? "pass", metrics };
    assert.deepEqual([verdictOf(verdict, take).mark, verdictOf(verdict, take).title], [mark, title]);
  }
  const told = verdictOf(
    {
      grade: "fail",
      metrics: [metric("fail", [431, 433, 500, 10, 300]), metric("warn", [], { name: "noise", voice: undefined })],
    },
    take,
  );
  assert.equal(told.attention, "Обратите внимание: громкость голоса участника, шум.");
  assert.deepEqual(told.places, [10, 300, 431]);
  assert.deepEqual(
    [4, 34, 36, 206].map((at) => taskAt(at, take)),
    [0, 0, 1, 2],
  );
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
  const causes = ["device_lost", "disk_low", "second_copy_failed", "rehearsal_missing"].map((cause) => ({
    code: cause,
    cause,
  }));
  assert.deepEqual(ready({ alarms: causes, disk: [{ hours_left: 1 }, { hours_left: 2 }] }), [
    false,
    false,
    false,
    false,
    true,
  ]);
});

test("between two statuses time goes on by itself, and only where it does", () => {
  const of = (told) =>
    contextOf({ heard: { status: told, at: 1000 }, facts, local, player: { at: 0 }, wave: null, at: 11_000 });
  assert.equal(of(status("recording", { in_hand: inHand() })).clock.text, "01:50");
  const paused = of(status("paused", { in_hand: inHand({ paused_s: 30 }) }));
  assert.deepEqual([paused.clock.text, paused.band.title], ["01:40", "ПАУЗА 0:40"]);
  assert.equal(of(status("idle", { stream: { frames: 48000 * 65 } })).band.detail, "Общая запись идёт 1:15");
  assert.equal(of(status("idle")).now, "2026-02-11T10:42:17+07:00");
});
