/** Times as people read them. */

const two = (number) => String(number).padStart(2, "0");

/** `m:ss`, from an hour on `h:mm:ss`. */
export function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** As `length`, minutes with two digits: a big timer must not jump. */
export function timer(seconds) {
  const text = length(seconds);
  return text.length < 5 ? `0${text}` : text;
}

/** `hh:mm`, or with seconds, of an ISO time in the zone it is written in. */
export function timeOfDay(iso, { seconds = false } = {}) {
  return iso.slice(11, seconds ? 19 : 16);
}

/** `dd.mm.yyyy` of an ISO date or time. */
export function date(iso) {
  const [year, month, day] = iso.slice(0, 10).split("-");
  return `${day}.${month}.${year}`;
}

/** Seconds between two ISO times. */
export function secondsBetween(earlier, later) {
  return (Date.parse(later) - Date.parse(earlier)) / 1000;
}

/** The ISO time `seconds` after `iso`, in the same zone. */
export function later(iso, seconds) {
  const zone = /([+-])(\d\d):(\d\d)$/.exec(iso);
  const offset = zone ? Number(`${zone[1]}1`) * (Number(zone[2]) * 60 + Number(zone[3])) : 0;
  const local = new Date(Date.parse(iso) + offset * 60_000 + seconds * 1000);
  return local.toISOString().slice(0, 19) + (zone ? zone[0] : "Z");
}
