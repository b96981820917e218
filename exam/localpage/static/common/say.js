/** The page's sentences by key, in the reader's language. */

let words = {};

/** Choose the table every later sentence comes from. */
export function speak(table) {
  words = table;
}

/** Whether there is a sentence for `key`. */
export function has(key) {
  return Object.hasOwn(words, key);
}

/** The sentence for `key`, its `{places}` filled in. A missing one shows as its key: tests look for that. */
export function say(key, values = {}) {
  const sentence = has(key) ? words[key] : key;
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/** The first of `keys` there is a sentence for, or null. */
export function sayFirst(keys, values) {
  const key = keys.find(has);
  return key === undefined ? null : say(key, values);
}
