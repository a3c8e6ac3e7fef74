// @ts-check
// The only place that makes elements. Text goes in as text nodes, so that nothing pasted can become markup.

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {{
 *   class?: string, testid?: string, text?: string, data?: Record<string, string>,
 *   on?: Record<string, (event: any) => void>,
 *   [attribute: string]: any,
 * }} Props
 */

/**
 * An element with attributes, listeners and children. A false or missing attribute is left out.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  const { class: className, testid, text, data, on, ...attributes } = props;
  if (className) element.className = className;
  if (testid) element.dataset.testid = testid;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(data ?? {})) element.dataset[name] = value;
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "value" || name === "checked" || name === "disabled") /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Append children to an element.
 * @param {Element | DocumentFragment} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
}

/**
 * Replace all children.
 * @param {Element} parent
 * @param {...Child} children
 */
export function refill(parent, ...children) {
  parent.replaceChildren();
  fill(parent, ...children);
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * A link that opens elsewhere, or plain text if the address is none that a browser may safely follow.
 * @param {string} url
 * @param {...Child} label
 * @returns {HTMLElement}
 */
export function link(url, ...label) {
  const content = label.length ? label : [url];
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return el("span", { title: url }, ...content);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...content);
}

/**
 * Whether somebody is writing, so that keys belong to the text.
 * @param {EventTarget | null} target
 */
export function isWriting(target) {
  return target instanceof Element && target.matches("input, textarea, select");
}
