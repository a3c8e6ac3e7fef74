// @ts-check
// Draws the open channel: header, the app's tabs, pins, the four-step guide, messages, samples and composer.

import { AppHome, Prompts } from "./app_places.js";
import { Composer } from "./composer.js";
import { el, fill, refill } from "./dom.js";
import { Guide } from "./guide.js";
import { Pins } from "./marks.js";
import { MessageList, keyOf } from "./messages.js";
import { SampleBar } from "./samples.js";

export class ChannelPane {
  /**
   * @param {import("./world.js").World} world
   * @param {import("./messages.js").Handlers & { openChannel: (id: string) => void }} handlers
   * @param {HTMLElement} root
   */
  constructor(world, handlers, root) {
    this.world = world;
    this.title = el("h1", { class: "pane-title", testid: "channel-title" });
    this.topic = el("p", { class: "topic" });
    this.list = new MessageList(world, handlers, { inThread: false, label: "Messages" });
    this.composer = new Composer(world, { id: "composer-channel", inThread: false });
    this.pins = new Pins(world, (message) => this.jump(message, handlers));
    this.guide = new Guide(world);
    this.home = new AppHome(world);
    this.prompts = new Prompts(world);
    this.samples = new SampleBar(world, this.composer, handlers.openChannel);
    this.beginning = el("p", { class: "beginning" });
    this.empty = el("div", { class: "empty", testid: "empty-channel" }, this.beginning, this.samples.cards);
    this.list.scroller.prepend(this.empty);
    fill(
      root,
      el("header", { class: "pane-head" }, this.title, this.topic),
      this.home.tabs,
      this.pins.element,
      this.guide.element,
      this.home.view,
      this.list.scroller,
      this.samples.element,
      this.prompts.element,
      this.composer.element,
    );
  }

  render() {
    const channel = this.world.channelOf(this.world.channel);
    refill(this.title, el("span", { class: "hash", "aria-hidden": "true", text: channel?.direct ? "@" : "#" }), channel?.name ?? "");
    this.topic.textContent = channel?.topic ?? "";
    const place = channel?.direct ? channel.name : `#${channel?.name ?? ""}`;
    this.composer.label(this.world.thread ? `Message ${place}` : `Message ${place} — paste an error here`);
    const messages = this.world.inChannel();
    this.empty.hidden = messages.length > 0;
    const staged = this.world.page.events.some((each) => each.channel === this.world.channel);
    this.beginning.textContent = staged
      ? `This is the very beginning of ${place}. Nobody has to ask here: start something, and wait for the post.`
      : channel?.direct
      ? `This is your direct conversation with ${channel.name}. Paste an error, or ask for help.`
      : `This is the very beginning of #${channel?.name ?? ""}. Paste an error below, or choose a sample:`;
    this.pins.render();
    this.home.render();
    this.prompts.render();
    this.list.scroller.hidden = this.home.shown;
    this.composer.element.hidden = this.home.shown;
    this.list.show(messages);
    this.guide.render();
    this.samples.render();
    for (const each of [this.samples.element, this.prompts.element]) each.hidden ||= this.home.shown;
  }

  /**
   * Scroll to a message; open its thread if it is a reply.
   * @param {import("./world.js").Json} message
   * @param {import("./messages.js").Handlers} handlers
   */
  jump(message, handlers) {
    const shown = this.list.shown.get(keyOf(message))?.element;
    if (!shown) return handlers.openThread(message.thread_ts);
    // A message taller than the view is shown from its first line.
    shown.scrollIntoView({ block: shown.offsetHeight > this.list.scroller.clientHeight ? "start" : "center" });
    shown.focus({ preventScroll: true });
  }
}
