/** Draws the level meters: slim, one colour, only what is new and where they are seen. */
import { share } from "./cells.js";

const FRAME_MS = 30; // cells come 24 a second: more often there is nothing new

/** Keep every canvas with `data-seat` drawn from `cells`. */
export function drawMeters(cells) {
  let drawn = 0;
  const frame = (at) => {
    requestAnimationFrame(frame);
    if (at - drawn < FRAME_MS) return;
    drawn = at;
    const cell = cells.at(at / 1000);
    for (const canvas of document.querySelectorAll("canvas[data-seat]")) draw(canvas, cell);
  };
  requestAnimationFrame(frame);
}

function draw(canvas, cell) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const number = String(cell?.number ?? 0);
  if (canvas.dataset.cell === number && canvas.width === width) return;
  canvas.dataset.cell = number;
  if (canvas.width !== width) canvas.width = width;
  const [rms, peak] = cell?.seats[Number(canvas.dataset.seat)] ?? [-120, -120];
  const [filled, top] = [rms, peak].map((level) => Math.round(share(level) * width));
  const pen = canvas.getContext("2d");
  const { color, backgroundColor } = getComputedStyle(canvas);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, width, canvas.height);
  pen.fillStyle = color;
  pen.fillRect(0, 0, filled, canvas.height);
  pen.fillRect(Math.max(0, top - 2), 0, top > 0 ? 2 : 0, canvas.height);
}
