/** From what hands do to what the page does: clicks, typing, keys, holds. One listener for each, for the whole page. */
import { listenToHolds } from "./holding.js";
import { listenToKeys } from "./keys.js";

const STEP_S = { ArrowLeft: -5, ArrowRight: 5, Home: -Infinity, End: Infinity };

export function listenToInputs(page, connection) {
  document.addEventListener("click", (event) => clicked(event, page));
  document.addEventListener("input", (event) => typed(event.target, page));
  document.addEventListener("change", (event) => "change" in event.target.dataset && page.tellChoice());
  document.addEventListener("keydown", (event) => entered(event, page));
  page.dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    page.set({ dialog: null, refusal: null });
  });
  const press = (button, turn) => {
    const isSent = connection.send({ key: turn, button });
    if (!isSent && turn === "down") page.refuse({ code: "offline" });
  };
  listenToKeys({ press, lost: () => connection.send({ blur: true }) });
  listenToHolds(press);
}

/** A button that is held does nothing when clicked; but whoever cannot hold, as a screen reader, is asked. */
function clicked(event, page) {
  const element = event.target.closest("[data-act]");
  if (!element || element.disabled) return;
  if (element.dataset.hold && event.detail > 0) return;
  if (element.dataset.act === "seek") seek(event, element, page);
  else page.act(element.dataset.act, { ...element.dataset });
}

function seek(event, element, page) {
  const { left, width } = element.querySelector("svg").getBoundingClientRect();
  const total = Number(element.getAttribute("aria-valuemax"));
  page.player.seek(((event.clientX - left) / width) * total);
}

function typed(input, page) {
  const { type } = input.dataset;
  if (type === "query") page.set({ query: input.value });
  else if (type === "variant") page.typeVariant(input.value);
  else if (type?.startsWith("dialog.")) page.set({ dialog: { ...page.local.dialog, [type.slice(7)]: input.value } });
}

function entered(event, page) {
  if (event.target.matches?.("[role=slider]") && event.key in STEP_S) return step(event, page);
  const enter = event.key === "Enter" && !event.repeat && !event.isComposing ? event.target.dataset?.enter : null;
  if (!enter) return null;
  event.preventDefault();
  if (enter === "first") return event.target.value.trim() && document.querySelector(".rows .row, .nobody .row")?.click();
  if (enter === "ready") return ready(page);
  return page.act(enter, {});
}

async function ready(page) {
  await page.tellChoice();
  document.querySelector(".card .main")?.focus();
}

function step(event, page) {
  event.preventDefault();
  const total = Number(event.target.getAttribute("aria-valuemax"));
  page.player.seek(Math.min(total, page.player.at + STEP_S[event.key]));
}
