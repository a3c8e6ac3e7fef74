// @ts-check
// Renders rich_text blocks; the text of every leaf is literal.

import { codeBlock } from "./code.js";
import { el, fill, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { mention } from "./mrkdwn.js";
import { moment } from "./times.js";
import { unknown } from "./unknown.js";

/**
 * @typedef {import("./mrkdwn.js").Names} Names
 * @typedef {Record<string, any>} Json
 */

const STYLES = /** @type {const} */ ([["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]);

/**
 * Render a rich_text block, or a table cell of that type.
 * @param {Json} block
 * @param {Names} names
 */
export function richText(block, names) {
  const made = el("div", { class: "rich" });
  for (const part of list(block.elements)) made.append(richPart(part, names));
  return made;
}

/**
 * @param {Json} part
 * @param {Names} names
 */
function richPart(part, names) {
  switch (part.type) {
    case "rich_text_section":
      return leaves(el("div", { class: "rich-section" }), part, names);
    case "rich_text_preformatted":
      return codeBlock({ fill: (into) => leaves(into, part, names) });
    case "rich_text_quote":
      return leaves(el("blockquote"), part, names);
    case "rich_text_list":
      return richList(part, names);
    default:
      return unknown(part);
  }
}

/**
 * @param {Json} part
 * @param {Names} names
 */
function richList(part, names) {
  const ordered = part.style === "ordered";
  const start = ordered && part.offset ? Number(part.offset) + 1 : undefined;
  const indent = Math.min(Number(part.indent) || 0, 8);
  const made = el(ordered ? "ol" : "ul", { class: "rich-list", start, data: { indent: String(indent) } });
  for (const item of list(part.elements)) made.append(leaves(el("li"), item, names));
  return made;
}

/**
 * @param {HTMLElement} into
 * @param {Json} part
 * @param {Names} names
 */
function leaves(into, part, names) {
  for (const leaf of list(part.elements)) fill(into, styled(richLeaf(leaf, names), leaf.style));
  return into;
}

/**
 * @param {Json} leaf
 * @param {Names} names
 * @returns {Node | string}
 */
function richLeaf(leaf, names) {
  switch (leaf.type) {
    case "text":
      return String(leaf.text ?? "");
    case "link":
      return link(String(leaf.url ?? ""), String(leaf.text || leaf.url || ""));
    case "emoji":
      return emoji(leaf.name) ?? fromCodePoints(leaf.unicode) ?? `:${leaf.name}:`;
    case "user":
      return mention(`@${names.userName(leaf.user_id)}`);
    case "channel":
      return mention(`#${names.channelName(leaf.channel_id)}`);
    case "usergroup":
      return mention("@group", "notifies a user group");
    case "broadcast":
      return mention(`@${leaf.range}`, "notifies everyone here");
    case "date":
      return moment(Number(leaf.timestamp), String(leaf.format ?? ""), leaf.fallback);
    case "color":
      return el("code", { text: leaf.value });
    default:
      return unknown(leaf);
  }
}

/**
 * @param {Node | string} node
 * @param {Json | undefined} style
 */
function styled(node, style) {
  if (!style) return node;
  let made = node;
  for (const [name, tag] of STYLES) if (style[name]) made = el(tag, {}, made);
  return made;
}

/** @param {unknown} unicode */
function fromCodePoints(unicode) {
  if (typeof unicode !== "string" || !/^[0-9a-f]+(-[0-9a-f]+)*$/i.test(unicode)) return null;
  const points = unicode.split("-").map((each) => Number.parseInt(each, 16));
  return points.every((each) => each <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}

/**
 * @param {unknown} value
 * @returns {Json[]}
 */
function list(value) {
  return Array.isArray(value) ? value : [];
}
