// @ts-check
// The message box: Enter sends, Shift+Enter starts a new line, "/" and "@" open the menu above it.

import { el, refill } from "./dom.js";
import { withMentions } from "./mrkdwn.js";
import { perform } from "./server.js";
import { commandIn, suggest } from "./suggestions.js";

/**
 * @typedef {import("./world.js").World} World
 * @typedef {import("./suggestions.js").Suggestion} Suggestion
 */

const MOST_ROWS = 9;
const LOOKS_LIKE_A_COMMAND = /^\/[a-z][\w-]*(\s|$)/;

export class Composer {
  /**
   * @param {World} world
   * @param {{ id: string, inThread: boolean }} options
   */
  constructor(world, { id, inThread }) {
    this.world = world;
    this.inThread = inThread;
    /** @type {Suggestion[]} */
    this.offered = [];
    this.chosen = 0;
    this.dismissed = "";
    this.menu = el("ul", { class: "suggestions", role: "listbox", id: `${id}-menu`, "aria-label": "Suggestions", testid: inThread ? "thread-slash-menu" : "slash-menu", hidden: true });
    this.field = el("textarea", {
      id,
      class: "composer-field",
      testid: inThread ? "thread-composer" : "composer",
      rows: "1",
      "aria-label": inThread ? "Reply in the thread" : "Message",
      "aria-describedby": `${id}-hint`,
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": `${id}-menu`,
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
      on: { input: () => this.changed(), keydown: (/** @type {KeyboardEvent} */ event) => this.key(event), blur: () => this.hide() },
    });
    this.button = el("button", { type: "submit", class: "button primary send", testid: inThread ? "thread-send" : "send", text: "Send" });
    this.snippet = el("input", { type: "checkbox", id: `${id}-snippet`, testid: inThread ? "thread-snippet" : "snippet" });
    this.problem = el("p", { class: "failure", role: "alert", testid: inThread ? "thread-composer-error" : "composer-error", hidden: true });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.send();
    };
    this.element = el(
      "form",
      { class: "composer", on: { submit } },
      this.menu,
      el(
        "div",
        { class: "composer-box" },
        this.field,
        el(
          "div",
          { class: "composer-foot" },
          el("label", { class: "composer-snippet", title: "Send the text as a snippet file, as Slack does with long pastes" }, this.snippet, "Send as snippet"),
          el("span", { class: "hint keys", id: `${id}-hint`, text: inThread ? "Enter sends" : "Enter sends · Shift+Enter new line · / commands" }),
          this.button,
        ),
      ),
      this.problem,
    );
    this.changed();
  }

  /** @param {string} text */
  put(text) {
    this.field.value = text;
    this.changed();
    this.hide();
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.field.scrollTop = 0;
  }

  /**
   * Send this text now; it replaces what is in the box.
   * @param {string} text
   */
  async sendNow(text) {
    this.field.value = text;
    await this.send();
  }

  /** @param {string} placeholder */
  label(placeholder) {
    this.field.placeholder = placeholder;
  }

  changed() {
    const text = this.field.value;
    this.field.rows = Math.min(MOST_ROWS, text.split("\n").length);
    this.button.disabled = !text.trim();
    const before = text.slice(0, this.field.selectionStart ?? text.length);
    const offered = this.dismissed === text ? [] : suggest(before, this.world.page);
    this.chosen = 0;
    this.offer(this.inThread ? offered.filter((each) => !each.label.startsWith("/")) : offered);
  }

  /** @param {Suggestion[]} offered */
  offer(offered) {
    this.offered = offered;
    this.menu.hidden = offered.length === 0;
    this.field.setAttribute("aria-expanded", String(offered.length > 0));
    const rows = offered.map((each, at) =>
      el(
        "li",
        {
          class: "suggestion",
          role: "option",
          id: `${this.menu.id}-${at}`,
          "aria-selected": String(at === this.chosen),
          testid: "suggestion",
          on: { pointerdown: (/** @type {Event} */ event) => (event.preventDefault(), this.take(at)) },
        },
        el("span", { class: "suggestion-label", text: each.label }),
        el("span", { class: "hint", text: each.note }),
      ),
    );
    refill(this.menu, ...rows);
    if (offered.length) this.field.setAttribute("aria-activedescendant", `${this.menu.id}-${this.chosen}`);
    else this.field.removeAttribute("aria-activedescendant");
  }

  hide() {
    if (this.offered.length) this.offer([]);
  }

  /** @param {number} at */
  take(at) {
    const { insert, from } = this.offered[at];
    const caret = this.field.selectionStart ?? this.field.value.length;
    this.field.setRangeText(insert, from, caret, "end");
    this.changed();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    if (this.offered.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        this.chosen = (this.chosen + step + this.offered.length) % this.offered.length;
        this.offer(this.offered);
        return;
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
        event.preventDefault();
        this.take(this.chosen);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this.dismissed = this.field.value;
        this.hide();
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.send();
    }
  }

  async send() {
    const typed = this.field.value.trim();
    if (!typed) return;
    const body = this.body(typed);
    if (typeof body === "string") {
      this.fail(body);
      return;
    }
    this.fail("");
    this.field.value = "";
    this.snippet.checked = false;
    this.changed();
    const outcome = await perform(body.action, body);
    if (outcome.ok) return;
    this.fail(outcome.error ?? "The message was not sent.");
    if (!this.field.value) this.field.value = typed;
    this.changed();
    this.hide();
  }

  /**
   * Return what to POST, or the error that Slack's client would show.
   * @param {string} typed
   * @returns {string | { action: string, [field: string]: string | undefined }}
   */
  body(typed) {
    const { world } = this;
    const at = { user: world.user, channel: world.channel };
    const command = commandIn(typed, world.page);
    if (command && this.inThread) return `${command.command} is not supported in threads. Sorry!`;
    if (command) return { action: "slash", ...at, ...command };
    if (LOOKS_LIKE_A_COMMAND.test(typed)) return `${typed.split(/\s/)[0]} is not a valid command.`;
    const thread = this.inThread ? { thread_ts: world.thread } : {};
    if (this.snippet.checked) return { action: "say", ...at, ...thread, text: "", snippet: typed };
    return { action: "say", ...at, ...thread, text: withMentions(typed, world.known()) };
  }

  /** @param {string} message */
  fail(message) {
    this.problem.textContent = message;
    this.problem.hidden = !message;
  }
}
