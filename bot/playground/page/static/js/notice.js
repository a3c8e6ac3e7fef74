// @ts-check
// Shows short notices, and announces messages to screen readers.

import { byId, el } from "./dom.js";

const SHOWN_FOR = 6000;

/**
 * Show a notice for a while.
 * @param {string} text
 */
export function notify(text) {
  document.querySelector(".notice")?.remove();
  const notice = el("p", { class: "notice", role: "status", testid: "notice", text });
  document.body.append(notice);
  setTimeout(() => notice.remove(), SHOWN_FOR);
}

/**
 * Announce a text to screen readers.
 * @param {string} text
 */
export function announce(text) {
  byId("announcer").textContent = text.slice(0, 300);
}
