// @ts-check
// Renders code blocks: a copy button, and the colours of a diff.

import { el } from "./dom.js";

const COPIED_MS = 1500;
const CHANGE = /^[+-]/;
const CONTEXT = /^([ +-]|@@|$)/;

/**
 * Return a code block that shows `text`, or the content that `fill` puts into it.
 * @param {{ text?: string, testid?: string, fill?: (into: HTMLElement) => void }} content
 * @returns {HTMLElement}
 */
export function codeBlock({ text = "", testid, fill }) {
  const code = el("pre", { class: "fence", testid, text });
  if (fill) fill(code);
  const plain = code.childElementCount === 0 ? (code.textContent ?? "") : "";
  if (isDiff(plain)) code.replaceChildren(...coloured(plain));
  const copy = el("button", { type: "button", class: "tool copy", testid: "copy", "aria-label": "Copy this block", text: "Copy", on: { click: () => void copyText(code, copy) } });
  return el("div", { class: "code-block" }, code, copy);
}

/**
 * Return whether every line is context, added or removed, and at least one is changed.
 * @param {string} text
 */
export function isDiff(text) {
  const lines = text.split("\n");
  return lines.some((line) => CHANGE.test(line)) && lines.every((line) => CONTEXT.test(line));
}

/**
 * @param {string} text
 * @returns {HTMLElement[]}
 */
function coloured(text) {
  const kinds = /** @type {Record<string, string>} */ ({ "+": "added", "-": "removed", "@": "place" });
  return text.split("\n").map((line, at, all) => el("span", { class: `diff ${kinds[line[0]] ?? ""}`, text: at < all.length - 1 ? `${line}\n` : line }));
}

/**
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
async function copyText(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    // Without permission the text is selected instead, ready for the keyboard's copy.
    getSelection()?.selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
}
