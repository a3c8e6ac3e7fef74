// @ts-check
// Renders Block Kit as DOM; unknown blocks are shown as JSON.

import { actionElement } from "./controls.js";
import { el, link } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { inputBlock } from "./inputs.js";
import { markdown } from "./markdown.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./richtext.js";
import { unknown } from "./unknown.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{
 *   names: import("./mrkdwn.js").Names,
 *   act: (press: import("./controls.js").Press) => Promise<void>,
 *   pending: (key: string) => boolean,
 *   failure: (blockId: string) => string,
 *   inputs?: import("./inputs.js").Inputs,
 *   suggest?: (actionId: string, typed: string) => Promise<Json[]>,
 * }} Context
 */

/** @type {Record<string, (block: Json, context: Context) => HTMLElement>} */
const RENDERERS = {
  header: (block) => el("h3", { class: "block-header" }, plain(block.text)),
  section,
  context: (block, context) => el("div", { class: "block-context" }, ...items(block.elements).map((each) => contextPart(each, context))),
  actions,
  context_actions: actions,
  divider: () => el("hr", { class: "block-divider" }),
  rich_text: (block, context) => richText(block, context.names),
  table,
  image,
  input: (block, context) => inputBlock(block, context),
  markdown: (block) => markdown(String(block.text ?? "")),
};

/**
 * Render all blocks of a message or a view.
 * @param {Json[]} blocks
 * @param {Context} context
 * @returns {HTMLElement}
 */
export function renderBlocks(blocks, context) {
  const made = el("div", { class: "blocks" });
  for (const block of items(blocks)) {
    const render = Object.hasOwn(RENDERERS, block.type) ? RENDERERS[block.type] : unknown;
    const drawn = render(block, context);
    drawn.dataset.block = String(block.type);
    made.append(drawn);
  }
  return made;
}

/**
 * Render a text object: mrkdwn is formatted; in plain text only emoji are replaced.
 * @param {Json | undefined} text
 * @param {Context} context
 * @returns {Node | string}
 */
export function textObject(text, context) {
  if (text?.type === "mrkdwn") return mrkdwn(String(text.text ?? ""), context.names);
  return plain(text);
}

/**
 * @param {Json | undefined} text
 * @returns {string}
 */
export function plain(text) {
  const written = String(text?.text ?? "");
  return text?.emoji === false ? written : withEmoji(written);
}

/**
 * @param {Json} block
 * @param {Context} context
 */
function section(block, context) {
  const made = el("div", { class: "block-section" });
  const body = el("div", { class: "block-section-body" });
  if (block.text) body.append(el("div", { class: "block-text" }, textObject(block.text, context)));
  if (items(block.fields).length) {
    const fields = items(block.fields).map((each) => el("div", { class: "block-field" }, textObject(each, context)));
    body.append(el("div", { class: "block-fields" }, ...fields));
  }
  made.append(body);
  if (block.accessory) made.append(el("div", { class: "block-accessory" }, element(block.accessory, block, context)));
  const failed = failure(block, context);
  if (failed) made.append(failed);
  return made;
}

/**
 * @param {Json} block
 * @param {Context} context
 */
function actions(block, context) {
  const made = el("div", { class: "block-actions" }, ...items(block.elements).map((each) => element(each, block, context)));
  const failed = failure(block, context);
  if (failed) made.append(failed);
  return made;
}

/**
 * @param {Json} block
 * @param {Context} context
 */
function failure(block, context) {
  const message = context.failure(String(block.block_id ?? ""));
  return message ? el("p", { class: "failure", role: "alert", testid: "press-failed", text: message }) : null;
}

/**
 * @param {Json} each
 * @param {Json} block
 * @param {Context} context
 */
function element(each, block, context) {
  if (each.type === "image") return picture(each);
  return actionElement(each, String(block.block_id ?? ""), context);
}

/**
 * @param {Json} part
 * @param {Context} context
 */
function contextPart(part, context) {
  if (part.type === "image") return picture(part);
  return el("span", { class: "block-context-text" }, textObject(part, context));
}

/** @param {Json} block */
function image(block) {
  const title = block.title ? el("figcaption", {}, plain(block.title)) : null;
  return el("figure", { class: "block-image" }, title, picture(block));
}

/**
 * Render an image. The page loads nothing from other hosts, so their images are shown as links.
 * @param {Json} part
 * @returns {HTMLElement}
 */
function picture(part) {
  const url = String(part.image_url ?? "");
  const alt = String(part.alt_text ?? "");
  if (url.startsWith("data:image/")) return el("img", { src: url, alt, class: "picture" });
  return link(url, `🖼 ${alt || "image"}`);
}

/**
 * Render a table; its first row is the header.
 * @param {Json} block
 * @param {Context} context
 */
function table(block, context) {
  const [head = [], ...rows] = Array.isArray(block.rows) ? block.rows : [];
  const aligned = (/** @type {number} */ at) => block.column_settings?.[at]?.align ?? "left";
  const cells = (/** @type {Json[]} */ row, /** @type {string} */ tag) =>
    items(row).map((each, at) =>
      el(tag, { scope: tag === "th" ? "col" : null, data: { align: String(aligned(at)) } }, cell(each, context)),
    );
  const drawn = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...cells(head, "th"))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...cells(row, "td")))),
  );
  return el("div", { class: "block-table", tabindex: "0", role: "region", "aria-label": "Table" }, drawn);
}

/**
 * @param {Json} each
 * @param {Context} context
 * @returns {Node | string}
 */
function cell(each, context) {
  if (each.type === "rich_text") return richText(each, context.names);
  if (each.type === "raw_text" || each.type === "raw_number") return String(each.text ?? each.value ?? "");
  return unknown(each);
}

/**
 * @param {unknown} value
 * @returns {Json[]}
 */
function items(value) {
  return Array.isArray(value) ? value : [];
}
