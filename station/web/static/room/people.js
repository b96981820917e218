/** Who is on the list, how they are found, and what stands beside each name. Pure. */

const QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
const RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё";
const CLOSE = 2;
const APOSTROPHES = /['’‘ʼ`´]/g;

/** Full name as on the list. */
export function fullName(person) {
  return [person.surname, person.first_name, person.patronymic].filter(Boolean).join(" ");
}

/** Whether this person is expected in the room. */
export function isHere(person, room) {
  return person.room === "" || person.room === room;
}

/**
 * The rows a person chooses from, and, where a search finds nothing, where it would.
 * `local`: {query, whole}: what is typed, and whether other rooms' participants are shown too.
 */
export function listOf(facts, status, local) {
  const noted = new Map(status.participants.map((each) => [each.number, each]));
  const query = local.query.trim();
  const found = facts.people.filter((person) => matches(person, query));
  const here = found.filter((person) => local.whole || isHere(person, facts.room));
  const row = (person) => rowOf(person, noted.get(person.number), facts, status);
  return {
    rows: here.map(row),
    elsewhere: here.length ? 0 : found.length,
    similar: query && !found.length ? facts.people.filter((person) => isAlike(person, query)).map(row) : [],
    hasOtherRooms: facts.people.some((person) => !isHere(person, facts.room)),
  };
}

function rowOf(person, noted, facts, status) {
  return {
    number: person.number,
    name: fullName(person),
    class: person.class,
    extended: person.extended,
    room: isHere(person, facts.room) ? "" : person.room,
    showNumber: namesakes(facts.people).has(person.number),
    mark: markOf(noted),
    isChosen: status.chosen?.participant === person.number,
    outcome: noted?.outcome ?? null,
  };
}

const alikeOf = new WeakMap();

/** Numbers of those who share name and class with somebody. */
function namesakes(people) {
  if (!alikeOf.has(people)) {
    const alike = new Map();
    for (const person of people) {
      const name = `${fullName(person)} ${person.class}`;
      alike.set(name, [...(alike.get(name) ?? []), person.number]);
    }
    alikeOf.set(people, new Set([...alike.values()].filter((numbers) => numbers.length > 1).flat()));
  }
  return alikeOf.get(people);
}

/** What stands beside a name: {key, kind: done, undone or other}, or null. */
export function markOf(noted) {
  if (!noted) return null;
  if (noted.outcome) return { key: `outcome.${noted.outcome}`, kind: "other" };
  const take = noted.takes.find((each) => each.accepted) ?? noted.takes.at(-1);
  if (!take) return null;
  if (take.decision === "rejected") return { key: "mark.rejected", kind: "undone" };
  const key = take.opinion === "well" ? "mark.accepted" : (MARKS[take.decision] ?? "mark.recorded");
  return { key, kind: "done" };
}

const MARKS = { unreviewed: "mark.unreviewed", interrupted: "mark.interrupted" };

/** Whether an outcome keeps this participant from being recorded until it is taken back. */
export function isBarred(outcome) {
  return ["early_end", "removed", "written"].includes(outcome);
}

/** Variants this participant has worked with. */
export function usedVariants(noted) {
  return [...new Set((noted?.takes ?? []).map((take) => take.variant).filter(Boolean))];
}

/** So many names are read at once; the rest is counted. */
export const NAMED = 5;

/** People of the room without a recording that counts and without an outcome. */
export function unaccounted(facts, status) {
  const noted = new Map(status.participants.map((each) => [each.number, each]));
  return facts.people.filter((person) => {
    const about = noted.get(person.number);
    const isRecorded = about?.takes.some((take) => take.decision !== "rejected");
    return isHere(person, facts.room) && !about?.outcome && !isRecorded;
  });
}

/** Whether each word typed begins a word of the name, the class, or is the number. Letters of the wrong keyboard
 * layout are read as those of the right one. */
export function matches(person, query) {
  const tokens = wordsOf(query);
  const typed = wordsOf(inRussian(query));
  return isFound(person, tokens) || isFound(person, typed);
}

function isFound(person, tokens) {
  const left = [...wordsOf(fullName(person)), ...wordsOf(person.class), String(person.number)];
  return [...tokens].sort((one, other) => other.length - one.length).every((token) => takes(left, token));
}

/** Whether a word that is left begins with `token`; it is not left any more. A number is typed whole. */
function takes(left, token) {
  const at = left.findIndex((word, index) => (index === left.length - 1 ? word === token : word.startsWith(token)));
  if (at >= 0) left[at] = "\n";
  return at >= 0;
}

function isAlike(person, query) {
  const surname = plain(person.surname);
  return [query, inRussian(query)].some((text) => {
    const [first = ""] = wordsOf(text);
    return first.length > CLOSE && distance(first, surname.slice(0, Math.max(first.length, 1))) <= CLOSE;
  });
}

function wordsOf(text) {
  return plain(text)
    .split(/[\s-]+/)
    .filter(Boolean);
}

function plain(text) {
  return text.normalize("NFC").toLowerCase().replaceAll("ё", "е").replace(APOSTROPHES, "");
}

function inRussian(text) {
  return [...text.toLowerCase()].map((letter) => RUSSIAN[QWERTY.indexOf(letter)] ?? letter).join("");
}

/** How many letters differ, are missing or too many (Levenshtein). */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const letter of one) {
    const next = [row[0] + 1];
    for (let at = 0; at < other.length; at += 1) {
      next.push(Math.min(row[at + 1] + 1, next[at] + 1, row[at] + (letter === other[at] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1);
}
