// @ts-check
// Draws the thread beside the channel.

import { sessionOf } from "./app_places.js";
import { Composer } from "./composer.js";
import { el, fill } from "./dom.js";
import { MessageList } from "./messages.js";

export class ThreadPane {
  /**
   * @param {import("./world.js").World} world
   * @param {import("./messages.js").Handlers & { closeThread: () => void }} handlers
   * @param {HTMLElement} root
   */
  constructor(world, handlers, root) {
    this.world = world;
    this.root = root;
    this.place = el("span", { class: "topic" });
    this.list = new MessageList(world, handlers, { inThread: true, label: "Thread" });
    this.composer = new Composer(world, { id: "composer-thread", inThread: true });
    this.composer.label("Reply…");
    this.drawn = "";
    this.working = el("p", { class: "working", role: "status", testid: "session-working", hidden: true });
    fill(
      root,
      el(
        "header",
        { class: "pane-head" },
        el("h2", { class: "pane-title", text: "Thread" }),
        this.place,
        el("button", { type: "button", class: "tool close", testid: "close-thread", "aria-label": "Close the thread", text: "✕", on: { click: handlers.closeThread } }),
      ),
      this.list.scroller,
      this.working,
      this.composer.element,
    );
  }

  render() {
    const { thread, channel } = this.world;
    const messages = thread ? this.world.inThread() : [];
    this.root.hidden = !thread;
    document.body.classList.toggle("with-thread", Boolean(thread));
    const { title, working } = sessionOf(this.world);
    const sign = this.world.channelOf(channel)?.direct ? "@" : "#";
    this.place.textContent = title || `${sign}${this.world.channelName(channel)}`;
    this.working.textContent = working ? `${this.world.page.bot.name} is working on it…` : "";
    this.working.hidden = !working;
    const opened = this.drawn !== thread;
    this.drawn = thread;
    this.list.show(messages);
    // A thread opens at its beginning, so that an answer is read from its first line.
    if (opened) this.list.scroller.scrollTop = 0;
  }
}
