/** Before the day: what is ready, what is not, and what to do about it. Pure. */
import { isHere } from "./people.js";
import { say } from "../common/say.js";

const MICROPHONE = new Set(["device_lost", "device_changed", "device_stalled", "silence", "dead"]);
const DISK = new Set(["disk_low", "disk_failed"]);

/** Lights, [{isReady, text, todo}], the ones a day cannot do without first. */
export function lightsOf(status, facts) {
  const causes = status.alarms.map((alarm) => alarm.cause || alarm.code);
  const hears = status.levels.rms_dbfs.length > 0 && !causes.some((cause) => MICROPHONE.has(cause));
  return [
    light("ready.microphone", hears),
    ...diskLights(status, causes),
    light("ready.rehearsal", !causes.includes("rehearsal_missing")),
    { isReady: true, text: rosterWords(facts), todo: "" },
  ];
}

function rosterWords({ people, room }) {
  return say("ready.roster", { count: people.length, here: people.filter((person) => isHere(person, room)).length });
}

function diskLights(status, causes) {
  const [first, second] = status.disk;
  const hours = first ? Math.floor(Math.min(first.hours_left, 999)) : 0;
  const lights = [light("ready.disk", Boolean(first) && !causes.some((cause) => DISK.has(cause)), { hours })];
  return second ? [...lights, light("ready.copy", !causes.includes("second_copy_failed"))] : lights;
}

function light(key, isReady, values) {
  return { isReady, text: say(isReady ? key : `${key}.not`, values), todo: isReady ? "" : say(`${key}.do`) };
}
