// @ts-check
// Builds the menu of a message: app shortcuts, copy, raw payload, and edit or delete for its author.

import { ask } from "./confirm.js";
import { el } from "./dom.js";
import { PIN_EMOJI, react, togglePin } from "./marks.js";
import { asTyped, withMentions } from "./mrkdwn.js";
import { notify } from "./notice.js";
import { perform } from "./server.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./world.js").World} World
 */

const BUILDER = "https://app.slack.com/block-kit-builder/#";

/**
 * @param {World} world
 * @param {Json} message
 * @returns {import("./menu.js").Item[]}
 */
export function messageMenu(world, message) {
  const at = { user: world.user, channel: message.channel, ts: message.ts };
  const ephemeral = message.subtype === "ephemeral";
  const own = message.user === world.user && !message.bot_id && !ephemeral;
  const raw = JSON.stringify(message, null, 2);
  /** @type {import("./menu.js").Item[]} */
  const items = ephemeral
    ? []
    : world.page.shortcuts.map((each) => ({
        label: each.title,
        note: world.page.bot.name,
        testid: `shortcut-${each.callback_id}`,
        run: () => done(perform("shortcut", { ...at, callback_id: each.callback_id })),
      }));
  if (!ephemeral) {
    items.push({ label: "React with 📌", testid: "react", run: () => react(world, message, PIN_EMOJI) });
    items.push({ label: message.pinned_to ? "Unpin from channel" : "Pin to channel", testid: "pin-message", run: () => togglePin(world, message) });
  }
  items.push({ label: "Copy text", run: () => copy(asTyped(String(message.text ?? ""), world.names)) });
  items.push({ label: "Copy raw JSON", testid: "copy-json", run: () => copy(raw) });
  if (message.blocks?.length) {
    const payload = encodeURIComponent(JSON.stringify({ blocks: message.blocks }));
    items.push({ label: "Open in Block Kit Builder", note: "leaves this page", testid: "block-kit-builder", href: BUILDER + payload });
  }
  if (own) {
    items.push({ label: "Edit message…", testid: "edit-message", run: () => edit(world, at, message) });
    items.push({ label: "Delete message…", testid: "delete-message", danger: true, run: () => remove(at) });
  }
  return items;
}

/**
 * @param {World} world
 * @param {Json} at
 * @param {Json} message
 */
async function edit(world, at, message) {
  const field = el("textarea", { class: "field", rows: "8", "aria-label": "Message", spellcheck: "false", testid: "edit-field", value: asTyped(String(message.text ?? ""), world.names) });
  if (!(await ask({ title: "Edit message", body: [field], yes: "Save", no: "Cancel" }))) return;
  await done(perform("edit", { ...at, text: withMentions(field.value, world.known()) }));
}

/** @param {Json} at */
async function remove(at) {
  const body = el("p", { text: "Delete this message? The app's answer to it is deleted too." });
  if (await ask({ title: "Delete message", body: [body], yes: "Delete", no: "Cancel", danger: true })) await done(perform("remove", at));
}

/** @param {Promise<import("./server.js").Outcome>} performing */
async function done(performing) {
  const outcome = await performing;
  if (!outcome.ok) notify(outcome.error ?? "The action failed.");
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify("Copied.");
  } catch {
    notify("Copying failed: the browser does not allow this page to use the clipboard.");
  }
}
