// @ts-check
// Draws the list of channels and the choice of the acting user.

import { el, refill } from "./dom.js";
import { keepFocus } from "./focus.js";

/** @typedef {import("./world.js").World} World */

export class Sidebar {
  /**
   * @param {World} world
   * @param {{ openChannel: (id: string) => void, actAs: (id: string) => void }} handlers
   * @param {HTMLElement} root
   */
  constructor(world, handlers, root) {
    this.world = world;
    this.handlers = handlers;
    this.root = root;
    /** @type {Map<string, number>} */
    this.unread = new Map();
  }

  /**
   * Count new messages in channels that are not open.
   * @param {Record<string, any>[]} fresh
   */
  arrived(fresh) {
    for (const message of fresh) {
      if (message.channel === this.world.channel || message.user === this.world.user) continue;
      this.unread.set(message.channel, (this.unread.get(message.channel) ?? 0) + 1);
    }
  }

  render() {
    keepFocus(this.root, () => refill(this.root, this.channels(), this.acting()));
  }

  channels() {
    const { page, channel } = this.world;
    const row = (/** @type {import("./world.js").Channel} */ each) => {
      const unread = each.id === channel ? 0 : (this.unread.get(each.id) ?? 0);
      return el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            class: unread ? "place unread" : "place",
            testid: "channel",
            data: { channel: each.id, focus: `channel/${each.id}` },
            "aria-current": each.id === channel ? "page" : null,
            on: { click: () => (this.unread.delete(each.id), this.handlers.openChannel(each.id)) },
          },
          el("span", { class: "hash", "aria-hidden": "true", text: each.direct ? "@" : "#" }),
          el("span", { class: "place-name", text: each.name }),
          unread ? el("span", { class: "badge", text: String(unread), "aria-label": `${unread} new` }) : null,
        ),
      );
    };
    const open = page.channels.filter((each) => !each.direct);
    const direct = page.channels.filter((each) => each.direct);
    return el(
      "div",
      { class: "places" },
      el("h2", { class: "side-title", text: "Channels" }),
      el("ul", {}, ...open.map(row)),
      direct.length ? el("h2", { class: "side-title", text: "Direct messages" }) : null,
      el("ul", {}, ...direct.map(row)),
    );
  }

  acting() {
    const { page, user } = this.world;
    const me = page.users.find((each) => each.id === user);
    const select = el(
      "select",
      { class: "select", id: "act-as", testid: "act-as", data: { focus: "act-as" }, on: { change: () => this.handlers.actAs(select.value) } },
      ...page.users.map((each) => el("option", { value: each.id, selected: each.id === user, text: each.title ? `${each.name} — ${each.title}` : each.name })),
    );
    const notes = [me?.title, me?.guest ? "guest" : "", me?.locale].filter(Boolean).join(" · ");
    return el(
      "div",
      { class: "acting" },
      el("label", { class: "side-title", for: "act-as", text: "You act as" }),
      select,
      el("p", { class: "hint", text: notes }),
    );
  }
}
