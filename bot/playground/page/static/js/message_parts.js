// @ts-check
// Draws the parts of a message besides its text: avatar, attachments and files.

import { renderBlocks } from "./blocks.js";
import { codeBlock } from "./code.js";
import { el, link } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { textOf } from "./server.js";

/** @typedef {Record<string, any>} Json */

/** Slack's named colours of the bar beside an attachment; other colours are not shown. */
const COLORS = new Map([["danger", "bad"], ["warning", "warning"], ["good", "good"]]);

/**
 * @param {string} id
 * @param {string} name
 * @param {boolean} isBot
 * @param {string} [size]
 */
export function avatar(id, name, isBot, size = "") {
  if (isBot) return el("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, el("img", { src: "/static/icon.svg", alt: "" }));
  const hue = [...id].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 6, 7);
  return el("span", { class: `avatar hue-${hue} ${size}`, "aria-hidden": "true", text: ([...name][0] ?? "?").toUpperCase() });
}

/**
 * @param {Json} each
 * @param {import("./blocks.js").Context} context
 */
export function attachment(each, context) {
  const made = el("div", { class: `attachment ${COLORS.get(each.color) ?? ""}` });
  if (each.title) made.append(el("p", { class: "attachment-title" }, each.title_link ? link(String(each.title_link), String(each.title)) : String(each.title)));
  if (each.blocks?.length) made.append(renderBlocks(each.blocks, context));
  else made.append(mrkdwn(String(each.text ?? each.fallback ?? ""), context.names));
  return made;
}

/** @param {Json} file */
export function fileCard(file) {
  if (file.mode === "tombstone") return el("div", { class: "file", testid: "file" }, el("span", { class: "hint", text: "This file was deleted." }));
  const size = Number(file.size) >= 1024 ? `${Math.round(Number(file.size) / 102.4) / 10} KiB` : `${file.size ?? "?"} bytes`;
  return el(
    "div",
    { class: "file", testid: "file" },
    el("p", { class: "file-name" }, "📄 ", el("strong", { text: String(file.title || file.name || file.id) }), el("span", { class: "hint", text: ` ${file.pretty_type ?? file.filetype ?? ""} · ${size}` })),
    file.mimetype === "image/png" ? el("img", { class: "picture", testid: "picture", src: `/api/pictures/${encodeURIComponent(String(file.id))}`, alt: String(file.alt_txt ?? file.title ?? "") }) : null,
    !file.preview && String(file.mimetype).startsWith("text/") ? textFile(String(file.id)) : null,
    file.preview ? codeBlock({ text: String(file.preview) + (file.preview_is_truncated ? "\n…" : "") }) : null,
  );
}

/**
 * Render a text file that is loaded when it is unfolded.
 * @param {string} id
 */
function textFile(id) {
  const details = el("details", { class: "reading" }, el("summary", { text: "Show file" }));
  details.addEventListener("toggle", async () => {
    if (details.childElementCount === 1) details.append(codeBlock({ text: await textOf(id), testid: "file-text" }));
  });
  return details;
}
