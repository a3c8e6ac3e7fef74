// @ts-check
// Opens a menu at a button: arrow keys move, Enter runs, Esc or a click elsewhere closes it.

import { el } from "./dom.js";

/**
 * @typedef {{ label: string, run?: () => void, href?: string, testid?: string, note?: string, danger?: boolean }} Item
 */

/** @type {null | (() => void)} */
let closeOpen = null;

/**
 * Open a menu at its button; the same button again closes it.
 * @param {HTMLElement} opener
 * @param {Item[]} entries
 */
export function openMenu(opener, entries) {
  const same = opener.getAttribute("aria-expanded") === "true";
  closeOpen?.();
  if (same) return;
  const rows = entries.map((each) => row(each));
  const menu = el("div", { class: "menu", role: "menu", testid: "menu" }, ...rows);
  const host = el("span", { class: "menu-host" }, menu);
  opener.after(host);
  opener.setAttribute("aria-expanded", "true");
  place(menu, opener);

  const close = (back = true) => {
    if (closeOpen !== close) return;
    closeOpen = null;
    host.remove();
    opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (back && opener.isConnected) opener.focus();
  };
  const outside = (/** @type {Event} */ event) => {
    if (!host.contains(/** @type {Node} */ (event.target)) && event.target !== opener) close(false);
  };
  closeOpen = close;
  document.addEventListener("pointerdown", outside, true);
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => moveWithin(event, rows, close));
  menu.addEventListener("click", () => close());
  host.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
    if (event.relatedTarget && !host.contains(/** @type {Node} */ (event.relatedTarget))) close(false);
  });
  rows[0]?.focus();
}

/** Close the open menu, if any. */
export function closeMenu() {
  closeOpen?.();
}

/** @param {Item} item */
function row(item) {
  const content = [el("span", { text: item.label }), item.note ? el("span", { class: "menu-note", text: item.note }) : null];
  const props = { class: item.danger ? "menu-item danger" : "menu-item", role: "menuitem", tabindex: "-1", testid: item.testid };
  if (item.href) return el("a", { ...props, href: item.href, target: "_blank", rel: "noopener noreferrer" }, ...content);
  return el("button", { ...props, type: "button", on: { click: () => item.run?.() } }, ...content);
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} rows
 * @param {() => void} close
 */
function moveWithin(event, rows, close) {
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    rows[(to + rows.length) % rows.length]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
  }
  event.stopPropagation();
}

/**
 * Keep the menu within the window: open it upwards or to the left if there is no room.
 * @param {HTMLElement} menu
 * @param {HTMLElement} opener
 */
function place(menu, opener) {
  const at = opener.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  if (at.bottom + size.height + 8 > window.innerHeight && at.top > size.height) menu.classList.add("upwards");
  if (at.left + size.width + 8 > window.innerWidth) menu.classList.add("leftwards");
}
