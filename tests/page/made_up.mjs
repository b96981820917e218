// A room made up for the tables of tests. $ROOM: the page's modules.

export const load = (file) => import(`${process.env.ROOM}/${file}`);
export const { default: ru } = await load("../words.ru.js");
export const { default: en } = await load("../words.en.js");
(await load("../common/say.js")).speak(ru);

export const person = (number, name, more = {}) => {
  const [surname, first_name, patronymic = ""] = name.split(" ");
  return {
    number,
    surname,
    first_name,
    patronymic,
    class: "9А",
    room: "265",
    extended: false,
    scheme: 2,
    tasks: [1, 2, 3, 4],
    playback: true,
    ...more,
  };
};
export const people = [
  person(1, "Иванов Иван Сергеевич"),
  person(2, "Иванов Игорь Павлович", { extended: true }),
  person(3, "Ёлкина-Петрова Анна Олеговна", { class: "9Б", room: "" }),
  person(4, "Сидоров Пётр Ильич", { room: "12а" }),
  person(5, "Смирнова Александра"),
  person(6, "Смирнова Александра"),
  person(7, "Серая Ольга", { tasks: [1, 3, 4], playback: false }),
];
export const steps = [
  [1, 120, 120],
  [2, 120, 180],
  [3, 60, 180],
  [4, 0, 180],
].map(([task, prepare_s, answer_s]) => ({ task, prepare_s, answer_s }));
export const budget = { ordinary_s: 960, extra_s: 1800, finished_after_s: 1500 };
export const facts = {
  room: "265",
  exam_date: "2026-02-11",
  people,
  steps,
  budget,
  seats: [],
  language: "ru",
  sample_rate: 48000,
};
export const inHand = (more = {}) => ({
  take: "a",
  participant: 1,
  variant: "12",
  seconds: 100,
  seconds_in_all: 105,
  paused_s: null,
  marks: [],
  opinion: null,
  ...more,
});
export const status = (state, more = {}) => ({
  state,
  version: 1,
  now: "2026-02-11T10:42:07.5+07:00",
  chosen: null,
  in_hand: null,
  pedal: null,
  verdict: null,
  alarms: [],
  disk: [{ hours_left: 10 }],
  levels: { rms_dbfs: [-40] },
  stream: { frames: 48000 },
  participants: people.map(({ number }) => ({ number, outcome: null, takes: [] })),
  ...more,
});
export const local = {
  query: "",
  whole: false,
  next: null,
  again: null,
  refusal: null,
  holding: null,
  lostAt: null,
  away: null,
  dialog: null,
  variant: null,
};
export const marks = (...seconds) => seconds.map((at, index) => ({ task: index + 1, seconds: at }));
