/** Buttons that are held: pointer and touch go the way of the keys, and the countdown is the station's. */

/** `press(button, turn)`: as for keys; a hold ends wherever the finger is let go. */
export function listenToHolds(press) {
  let held = null;
  const release = () => {
    if (held !== null) press(held, "up");
    held = null;
  };
  document.addEventListener("pointerdown", (event) => {
    const button = event.target.closest?.("[data-hold]");
    if (!button || event.button !== 0 || held !== null) return;
    held = button.dataset.hold;
    press(held, "down");
  });
  for (const event of ["pointerup", "pointercancel", "blur"]) addEventListener(event, release);
  document.addEventListener("contextmenu", (event) => {
    if (event.target.closest?.("[data-hold]")) event.preventDefault(); // a long touch
  });
}

/** Seconds to go and the part that has passed, 0 to 1; null when nothing is held. `began`: {at, needs}, ms. */
export function countdownOf(began, now) {
  if (began === null) return null;
  const passed = Math.max(0, Math.min(began.needs, now - began.at));
  return { seconds: Math.max(1, Math.ceil((began.needs - passed) / 1000)), passed: passed / began.needs };
}
