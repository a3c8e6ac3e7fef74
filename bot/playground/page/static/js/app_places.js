// @ts-check
// Draws what the direct message with the app has besides messages: its Home tab, prompts, and the state of its threads.

import { renderBlocks } from "./blocks.js";
import { el, refill } from "./dom.js";
import { keepFocus } from "./focus.js";
import { perform } from "./server.js";

/**
 * @typedef {import("./world.js").World} World
 * @typedef {import("./world.js").Json} Json
 */

/** The tabs of the direct message, and its Home tab. */
export class AppHome {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    this.tab = "messages";
    this.failed = "";
    this.drawn = "";
    this.tabs = el("div", { class: "app-tabs", role: "tablist", "aria-label": "App", hidden: true });
    this.view = el("section", { class: "app-home", testid: "app-home", role: "tabpanel", "aria-label": "Home", tabindex: "0", hidden: true });
  }

  get shown() {
    return this.tab === "home" && Boolean(this.world.channelOf(this.world.channel)?.direct);
  }

  /**
   * Open a tab, as a user does; the app hears of it.
   * @param {string} tab
   */
  open(tab) {
    this.tab = tab;
    this.failed = "";
    this.world.touch("page");
    void perform("open_app", { user: this.world.user, tab });
  }

  render() {
    const direct = Boolean(this.world.channelOf(this.world.channel)?.direct);
    this.tabs.hidden = !direct;
    this.view.hidden = !this.shown;
    if (!direct) return;
    const tab = (/** @type {string} */ name, /** @type {string} */ label) =>
      el("button", {
        type: "button",
        role: "tab",
        class: "app-tab",
        testid: `tab-${name}`,
        data: { focus: `tab-${name}` },
        "aria-selected": String(this.tab === name),
        text: label,
        on: { click: () => this.open(name) },
      });
    keepFocus(this.tabs, () => refill(this.tabs, tab("home", "Home"), tab("messages", "Messages")));
    if (this.shown) this.draw();
  }

  draw() {
    const view = this.world.items.get(`home/${this.world.user}`);
    const waiting = [...this.world.pending].filter((each) => each.startsWith("home|"));
    const drawn = JSON.stringify([view ?? null, waiting, this.failed]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const context = {
      names: this.world.names,
      act: (/** @type {import("./controls.js").Press} */ what) => this.press(what),
      pending: (/** @type {string} */ key) => this.world.pending.has(`home|${key}`),
      failure: () => "",
    };
    keepFocus(this.view, () =>
      refill(
        this.view,
        view ? renderBlocks(view.blocks ?? [], context) : el("p", { class: "hint", text: "The app is reading the clusters…" }),
        this.failed ? el("p", { class: "failure", role: "alert", testid: "home-failed", text: this.failed }) : null,
      ),
    );
  }

  /** @param {import("./controls.js").Press} what */
  async press(what) {
    const key = `home|${what.block_id}/${what.action_id}`;
    if (this.world.pending.has(key)) return;
    this.world.pending.add(key);
    this.draw();
    const outcome = await perform("click_home", { user: this.world.user, action_id: what.action_id, value: what.value ?? null });
    this.world.pending.delete(key);
    this.failed = outcome.ok ? "" : (outcome.error ?? "The app did not accept the button press.");
    // The answer is a message.
    if (outcome.ok) this.tab = "messages";
    this.world.touch("page");
  }
}

/** The prompts above the message box. */
export class Prompts {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    this.element = el("div", { class: "prompts", testid: "prompts", role: "group", hidden: true });
  }

  render() {
    const offered = this.world.items.get(`prompts/${this.world.channel}`);
    this.element.hidden = !offered;
    if (!offered) return;
    const send = (/** @type {Json} */ prompt) => perform("say", { user: this.world.user, channel: this.world.channel, text: String(prompt.message) });
    const chips = offered.prompts.map((/** @type {Json} */ prompt, /** @type {number} */ at) =>
      el("button", { type: "button", class: "chip", testid: "prompt", data: { focus: `prompt/${at}` }, title: String(prompt.message), text: String(prompt.title), on: { click: () => send(prompt) } }),
    );
    keepFocus(this.element, () => refill(this.element, el("span", { class: "prompts-title", text: String(offered.title ?? "") }), ...chips));
  }
}

/**
 * Return the title of a thread with the app, and whether the app works on it.
 * @param {World} world
 * @returns {{ title: string, working: boolean }}
 */
export function sessionOf(world) {
  const session = world.items.get(`session/${world.channel}/${world.thread}`);
  return { title: String(session?.title ?? ""), working: session?.status === "processing" };
}
