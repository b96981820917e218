/** What may be told of a participant at the headquarters. Pure. */

export const OUTCOMES = ["absent", "early_end", "removed", "written", "extra_date"];
/** Those whose act needs a time. */
export const TIMED = new Set(["early_end", "removed"]);

export function lineOf(office, number) {
  return office.found("day")?.lines.find((line) => line.number === number) ?? null;
}

/** What stands in a participant's sheet when it is opened. */
export function fieldsOf(office, number) {
  const line = lineOf(office, number);
  return { outcome: line?.outcome ?? "", at: line?.outcome_at ?? "", note: line?.note ?? "" };
}
