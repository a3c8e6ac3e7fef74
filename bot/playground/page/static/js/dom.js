// @ts-check
// Creates every element of the page. Text becomes text nodes, so pasted text can never become markup.

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {{
 *   class?: string, testid?: string, text?: string, data?: Record<string, string>,
 *   on?: Record<string, (event: any) => void>,
 *   [attribute: string]: any,
 * }} Props
 */

/**
 * Create an element with attributes, listeners and children. False or missing attributes are left out.
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
 * Return the element with this id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Create a link that opens in a new tab, or plain text if the address is not safe to open.
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
 * Return whether the focus is in a text field, so that keys are text.
 * @param {EventTarget | null} target
 */
export function isWriting(target) {
  return target instanceof Element && target.matches("input, textarea, select");
}
