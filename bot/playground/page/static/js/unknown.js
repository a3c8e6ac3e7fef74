// @ts-check
// Shows unsupported blocks as raw JSON instead of leaving them out.

import { el } from "./dom.js";

/**
 * @param {any} value
 * @returns {HTMLElement}
 */
export function unknown(value) {
  return el(
    "details",
    { class: "unknown", testid: "unknown-block" },
    el("summary", { text: `This page cannot display “${value?.type ?? typeof value}”. Raw JSON:` }),
    el("pre", { class: "fence", text: JSON.stringify(value, null, 2) }),
  );
}
