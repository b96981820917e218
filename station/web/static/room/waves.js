/** The picture of a recording: a path over columns, and where a click on it is. Pure. */

export const WIDTH = 1000;
export const HEIGHT = 100;

/** An outline of one seat's columns [[min, max]…], each from -1 to 1. */
export function outline(columns) {
  if (!columns.length) return "";
  const step = WIDTH / columns.length;
  const at = (index) => ((index + 0.5) * step).toFixed(1);
  const y = (value) => (HEIGHT / 2 - (value * HEIGHT) / 2).toFixed(1);
  const top = columns.map(([, high], index) => `${at(index)} ${y(Math.max(high, 0.01))}`);
  const bottom = columns.map(([low], index) => `${at(index)} ${y(Math.min(low, -0.01))}`).reverse();
  return `M${[...top, ...bottom].join(" L")} Z`;
}

/** The loudest of all seats, column by column, as large as the picture allows. */
export function together(seats) {
  const [first = []] = seats;
  const columns = first.map((_, index) => {
    const all = seats.map((seat) => seat[index] ?? [0, 0]);
    return [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))];
  });
  const loudest = Math.max(0.02, ...columns.map(([low, high]) => Math.max(-low, high)));
  return columns.map(([low, high]) => [low / loudest, high / loudest]);
}

/** Where `seconds` stands in a picture of `total` seconds. */
export function place(seconds, total) {
  return total > 0 ? (Math.max(0, Math.min(seconds, total)) / total) * WIDTH : 0;
}
