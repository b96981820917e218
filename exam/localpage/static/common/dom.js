/** Elements, and making what stands on the page equal to what should. The page is drawn anew on every change; what is
 * the same is left alone, so focus, typing and scrolling stay. */

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "path", "circle", "rect", "line", "g"]);

/** An element. `false`, `null` and `undefined` attributes and children are left out. */
export function h(name, attributes = {}, ...children) {
  const element = DRAWN.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** As `h`, but its `children()` are made only when `same` is another than what stands there: for what is long and seldom
 * changes. */
export function kept(same, name, attributes, children) {
  const isThere = document.querySelector(`[data-same="${CSS.escape(same)}"]`) !== null;
  return h(name, { ...attributes, "data-same": same }, isThere ? [] : children());
}

/** Make `live`'s attributes and children those of `wanted`. */
export function morph(live, wanted) {
  if (live.hasAttribute("data-own")) return; // drawn by others
  setAttributes(live, wanted);
  const rest = [...wanted.childNodes];
  for (const [index, node] of rest.entries()) {
    const standing = live.childNodes[index];
    if (!standing) live.append(node);
    else if (isSame(standing, node)) patch(standing, node);
    else standing.replaceWith(node);
  }
  while (live.childNodes.length > rest.length) live.lastChild.remove();
}

function isSame(live, wanted) {
  return live.nodeName === wanted.nodeName && live.getAttribute?.("data-key") === wanted.getAttribute?.("data-key");
}

function patch(live, wanted) {
  if (live.nodeType !== Node.ELEMENT_NODE) {
    if (live.data !== wanted.data) live.data = wanted.data;
  } else if (wanted.hasAttribute("data-same") && isKept(live, wanted)) {
    return;
  } else if (!live.isEqualNode(wanted) || live.nodeName === "INPUT") {
    morph(live, wanted);
  }
}

function isKept(live, wanted) {
  return live.getAttribute("data-same") === wanted.getAttribute("data-same");
}

function setAttributes(live, wanted) {
  for (const { name } of [...live.attributes]) if (!wanted.hasAttribute(name)) live.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (live.getAttribute(name) !== value) live.setAttribute(name, value);
  }
  if (live.nodeName === "INPUT" && live !== document.activeElement) setInput(live, wanted);
}

function setInput(live, wanted) {
  const value = wanted.getAttribute("value") ?? "";
  if (live.type === "checkbox" || live.type === "radio") live.checked = wanted.hasAttribute("checked");
  else if (live.value !== value) live.value = value;
}
