// @ts-check
// Renders reactions below a message, and pins below the channel's header.

import { el, refill } from "./dom.js";
import { emoji } from "./emoji.js";
import { asTyped } from "./mrkdwn.js";
import { notify } from "./notice.js";
import { perform } from "./server.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./world.js").World} World
 */

const SHOWN = 140;
/** The reaction that a message's menu offers. */
export const PIN_EMOJI = "pushpin";

/**
 * Render the reactions to a message as buttons that toggle the user's own; null if there are none.
 * @param {World} world
 * @param {Json} message
 */
export function reactions(world, message) {
  if (!message.reactions?.length) return null;
  return el(
    "div",
    { class: "reactions", testid: "reactions" },
    ...message.reactions.map((/** @type {Json} */ each) => {
      const names = each.users.map(world.names.userName).join(", ");
      const label = `:${each.name}: ${names}`;
      const toggle = () => react(world, message, each.name);
      const data = { focus: `reaction/${message.ts}/${each.name}` };
      return el("button", { type: "button", class: "reaction", title: label, "aria-label": label, "aria-pressed": String(each.users.includes(world.user)), data, on: { click: toggle } }, `${emoji(each.name) ?? `:${each.name}:`} ${each.count}`);
    }),
  );
}

/**
 * Toggle the user's own reaction.
 * @param {World} world
 * @param {Json} message
 * @param {string} name
 */
export async function react(world, message, name) {
  const reaction = (message.reactions ?? []).find((/** @type {Json} */ each) => each.name === name);
  const act = reaction?.users.includes(world.user) ? "unreact" : "react";
  await mark(act, { user: world.user, channel: message.channel, ts: message.ts, emoji: name });
}

/**
 * Pin a message to its channel, or unpin it.
 * @param {World} world
 * @param {Json} message
 */
export async function togglePin(world, message) {
  await mark(message.pinned_to ? "unpin" : "pin", { user: world.user, channel: message.channel, ts: message.ts });
}

export class Pins {
  /**
   * @param {World} world
   * @param {(message: Json) => void} show
   */
  constructor(world, show) {
    this.world = world;
    this.show = show;
    this.element = el("ul", { class: "pins", "aria-label": "Pinned", testid: "pins" });
  }

  render() {
    const pinned = this.world.posts().filter((each) => each.channel === this.world.channel && each.pinned_to);
    this.element.hidden = pinned.length === 0;
    refill(this.element, ...pinned.map((each) => this.line(each)));
  }

  /** @param {Json} message */
  line(message) {
    const text = asTyped(String(message.text ?? ""), this.world.names).split("\n")[0].slice(0, SHOWN);
    const by = `pinned by ${this.world.userName(message.pinned_info.pinned_by)}`;
    return el(
      "li",
      {},
      el("button", { type: "button", class: "pin", testid: "pin", data: { focus: `pin/${message.ts}` }, on: { click: () => this.show(message) } }, el("span", { "aria-hidden": "true", text: "📌 " }), text, el("span", { class: "hint", text: ` ${by}` })),
    );
  }
}

/**
 * @param {string} act
 * @param {Json} at
 */
async function mark(act, at) {
  const outcome = await perform(act, at);
  if (!outcome.ok) notify(outcome.error ?? "The action failed.");
}
