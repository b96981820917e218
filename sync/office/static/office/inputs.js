/** From what hands do to what the page does: clicks, typing. One listener for each, for the whole page. */

export function listenToInputs(office) {
  document.addEventListener("click", (event) => clicked(event, office));
  document.addEventListener("input", ({ target }) => typed(target, office));
  document.addEventListener("change", ({ target }) => target.dataset.file && chosen(target, office));
  document.addEventListener("submit", (event) => submitted(event, office));
}

function clicked(event, office) {
  const element = event.target.closest("[data-act]");
  if (element && element.nodeName !== "FORM" && !element.disabled) office.act(element.dataset.act, { ...element.dataset });
}

function typed(target, office) {
  if (target.dataset.local) office.set({ [target.dataset.local]: target.value });
  else if (target.dataset.field) office.type(target.dataset.field, target.value);
}

function submitted(event, office) {
  event.preventDefault();
  office.act(event.target.dataset.act, { ...event.target.dataset });
}

function chosen(input, office) {
  const [file] = input.files;
  input.value = "";
  if (file) office.act(input.dataset.file, { file });
}
