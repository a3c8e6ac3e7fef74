// @ts-check
// What the page has no picture for is shown as it came, never left out.

import { el } from "./dom.js";

/**
 * @param {any} value
 * @returns {HTMLElement}
 */
export function unknown(value) {
  return el(
    "details",
    { class: "unknown", testid: "unknown-block" },
    el("summary", { text: `This page has no picture for “${value?.type ?? typeof value}”` }),
    el("pre", { class: "fence", text: JSON.stringify(value, null, 2) }),
  );
}
