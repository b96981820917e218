/** From what hands do to what the page does: clicks, typing, files dropped. One listener for each, for the whole page. */
import { sendFile } from "./actions.js";

export function listenToInputs(desk) {
  document.addEventListener("click", (event) => clicked(event, desk));
  document.addEventListener("input", ({ target }) => target.dataset.field && desk.type(target.dataset.field, target.value));
  document.addEventListener("change", ({ target }) => target.type === "file" && chosen(target, desk));
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => dragged(event, desk));
  }
}

function clicked(event, desk) {
  const element = event.target.closest("[data-act]");
  if (element && !element.disabled) desk.act(element.dataset.act, { ...element.dataset });
}

function chosen(input, desk) {
  const [file] = input.files;
  input.value = "";
  if (file) sendFile(desk, file);
}

/** A file that misses its place must not take the page away. */
function dragged(event, desk) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const zone = document.querySelector(".drop");
  const isOver = event.type !== "drop" && event.type !== "dragleave" && Boolean(event.target.closest?.(".drop"));
  zone?.classList.toggle("over", isOver);
  if (event.type === "drop" && event.target.closest?.(".drop")) {
    const [file] = event.dataTransfer.files;
    if (file) sendFile(desk, file);
  }
}
