// @ts-check
// Renders the markdown block: headings, lists, fences, quotes and inline styles, but no HTML.

import { codeBlock } from "./code.js";
import { el, fill, link } from "./dom.js";
import { withEmoji } from "./emoji.js";

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w*])[*_]([^*_\n]+)[*_](?![\w*])|~~([^~\n]+)~~|!?\[([^\]\n]*)\]\(([^()\s]+)\)/g;

/**
 * @param {string} text
 * @returns {HTMLElement}
 */
export function markdown(text) {
  const made = el("div", { class: "markdown" });
  /** @type {HTMLElement | null} */
  let open = null;
  const parts = text.split(/^```[^\n]*\n([\s\S]*?)^```[ \t]*$/m);
  parts.forEach((part, at) => {
    if (at % 2) {
      made.append(codeBlock({ text: part.replace(/\n$/, "") }));
      open = null;
      return;
    }
    for (const line of part.split("\n")) open = addLine(made, open, line);
  });
  return made;
}

/**
 * @param {HTMLElement} into
 * @param {HTMLElement | null} open the list, quote or paragraph that the line may continue
 * @param {string} line
 * @returns {HTMLElement | null}
 */
function addLine(into, open, line) {
  if (!line.trim()) return null;
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) {
    into.append(fillInline(el("p", { class: "markdown-heading", data: { level: String(heading[1].length) } }), heading[2]));
    return null;
  }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
    into.append(el("hr"));
    return null;
  }
  const item = /^\s*([-*+]|\d+[.)])\s+(.*)$/.exec(line);
  if (item) return addItem(into, open, /\d/.test(item[1]) ? "OL" : "UL", item[2]);
  const quote = /^\s*>\s?(.*)$/.exec(line);
  const tag = quote ? "BLOCKQUOTE" : "P";
  const target = open?.tagName === tag ? open : into.appendChild(el(tag.toLowerCase()));
  if (target.hasChildNodes()) target.append("\n");
  return fillInline(target, quote ? quote[1] : line);
}

/**
 * @param {HTMLElement} into
 * @param {HTMLElement | null} open
 * @param {string} tag
 * @param {string} text
 */
function addItem(into, open, tag, text) {
  const target = open?.tagName === tag ? open : into.appendChild(el(tag.toLowerCase(), { class: "rich-list" }));
  target.append(fillInline(el("li"), text));
  return target;
}

/**
 * @param {HTMLElement} into
 * @param {string} text
 */
function fillInline(into, text) {
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, bold, italic, strike, label, url] = found;
    into.append(withEmoji(text.slice(at, found.index)));
    at = found.index + whole.length;
    if (code !== undefined) into.append(el("code", { text: code }));
    else if (bold !== undefined) into.append(el("strong", { text: bold }));
    else if (italic !== undefined) into.append(el("em", { text: italic }));
    else if (strike !== undefined) into.append(el("s", { text: strike }));
    else into.append(link(url, label || url));
  }
  fill(into, withEmoji(text.slice(at)));
  return into;
}
