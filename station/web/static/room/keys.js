/** The keyboard as a pedal: space is its main button, F8 pauses. Typing in a field, a control that has the focus, and an
 * open dialog keep their keys; autorepeat is no press. What presses mean is decided by the station. */

const BUTTONS = { Space: "main", F8: "pause" };
const ACTIVATING = new Set(["Space", "Enter", "NumpadEnter"]);
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const POINTED_AT = "button, input[type=checkbox], summary, a[href]";
const CONTROLS = "button, a[href], input, summary, [role=slider], [tabindex='0']";

/** `press(button, turn)` is told of each "down" and "up"; `lost()` when the page loses the keyboard. */
export function listenToKeys({ press, lost }) {
  const held = new Map();
  let isPointing = false;
  addEventListener("pointerdown", () => (isPointing = true), true);
  addEventListener("keydown", (event) => {
    if (isPointing && event.code === "Space") letGo();
    isPointing = false;
    keyDown(event, held, press);
  });
  addEventListener("keyup", (event) => keyUp(event, held, press));
  const forget = () => {
    held.clear();
    lost();
  };
  addEventListener("blur", forget);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && forget());
}

/** What was clicked last has the focus, but nobody who looks at the child sees that: the space bar is not for it. */
function letGo() {
  const clicked = document.activeElement;
  if (clicked?.matches(POINTED_AT) && !clicked.closest("dialog")) clicked.blur();
}

function keyDown(event, held, press) {
  const target = document.activeElement ?? document.body;
  if (event.repeat) {
    if (held.has(event.code) || (ACTIVATING.has(event.code) && !target.matches(TYPING))) event.preventDefault();
    return;
  }
  const button = buttonOf(event, target);
  if (button === null) return;
  event.preventDefault();
  held.set(event.code, button);
  press(button, "down");
}

function keyUp(event, held, press) {
  if (!held.has(event.code)) return;
  event.preventDefault();
  press(held.get(event.code), "up");
  held.delete(event.code);
}

/** Which button of a pedal the key stands for, null for none. */
export function buttonOf(event, target) {
  if (event.ctrlKey || event.altKey || event.metaKey || target.closest("dialog")) return null;
  const hold = target.closest("[data-hold]");
  if (hold && ACTIVATING.has(event.code)) return hold.dataset.hold;
  if (event.code !== "Space") return BUTTONS[event.code] ?? null;
  if (target.closest("[data-pedal]")) return BUTTONS.Space;
  return target.closest(TYPING) || target.closest(CONTROLS) ? null : BUTTONS.Space;
}
