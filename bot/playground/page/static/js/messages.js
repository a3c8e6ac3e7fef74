// @ts-check
// Draws the messages of a channel or thread; redraws only changed ones, to keep focus and scrolling.

import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { reactions } from "./marks.js";
import { openMenu } from "./menu.js";
import { messageMenu } from "./message_menu.js";
import { attachment, avatar, fileCard } from "./message_parts.js";
import { mrkdwn } from "./mrkdwn.js";
import { keepFocus } from "./focus.js";
import { press } from "./press.js";
import { ago } from "./times.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./world.js").World} World
 * @typedef {{ openThread: (ts: string, options?: { write?: boolean }) => void }} Handlers
 */

const TOGETHER = 300;
const LONG = { lines: 12, text: 900 };
// In a thread the reader knows the paste already, so it is cut shorter to leave room for the answer.
const LONG_IN_THREAD = { lines: 6, text: 300 };
const NEAR_THE_END = 80;
export class MessageList {
  /**
   * @param {World} world
   * @param {Handlers} handlers
   * @param {{ inThread: boolean, label: string }} options
   */
  constructor(world, handlers, { inThread, label }) {
    this.world = world;
    this.handlers = handlers;
    this.inThread = inThread;
    this.list = el("ol", { class: "messages", "aria-label": label, testid: inThread ? "thread-messages" : "messages" });
    this.below = el("button", { type: "button", class: "button new-below", testid: "new-below", hidden: true, text: "New messages ↓", on: { click: () => this.toEnd() } });
    this.scroller = el("div", { class: "scroller", on: { scroll: () => this.isAtEnd() && (this.below.hidden = true) } }, this.list, this.below);
    /** The channel or thread that is shown, and the first message that arrived out of view. */
    this.place = "";
    this.firstNew = "";
    /** @type {Map<string, { element: HTMLElement, drawn: string }>} */
    this.shown = new Map();
    this.list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.move(event));
    this.list.addEventListener("focusin", () => this.setTabStops());
  }

  /**
   * Show these messages, oldest first. Follow new ones from the end of the list, and always the user's own; otherwise mark
   * where the new ones begin.
   * @param {Json[]} messages
   */
  show(messages) {
    const place = `${this.world.channel}/${this.inThread ? this.world.thread : ""}`;
    const moved = place !== this.place;
    this.place = place;
    const fresh = moved || this.shown.size === 0 ? [] : messages.filter((each) => !this.shown.has(keyOf(each)));
    const follow = this.isAtEnd() || this.shown.size === 0 || fresh.some((each) => this.isOwn(each));
    if (moved || (follow && fresh.length)) this.firstNew = "";
    else if (fresh.length && !this.firstNew) this.firstNew = keyOf(fresh[0]);
    keepFocus(this.list, () => this.draw(messages));
    this.setTabStops();
    if (moved || follow) this.below.hidden = true;
    else if (fresh.length) this.below.hidden = false;
    const last = this.list.lastElementChild;
    // In a thread, keep a growing answer's first line in view; in the channel, show the newest line.
    if (!last || !follow || (this.inThread && !fresh.length)) return;
    this.toEnd();
    if (fresh.length && last instanceof HTMLElement && last.offsetHeight > this.scroller.clientHeight) last.scrollIntoView({ block: "start" });
  }

  isAtEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_THE_END;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** @param {Json} message */
  isOwn(message) {
    return message.user === this.world.user && !message.bot_id && message.subtype !== "ephemeral";
  }

  /** Let Tab stop only at the controls of one message, so that the message box is near. */
  setTabStops() {
    const rows = /** @type {HTMLElement[]} */ ([...this.list.children]);
    const current = rows.find((each) => each.contains(document.activeElement)) ?? rows[rows.length - 1];
    for (const row of rows) {
      const stop = row === current ? 0 : -1;
      row.tabIndex = stop;
      for (const each of row.querySelectorAll("a, button, select, input, textarea, summary")) if (each instanceof HTMLElement) each.tabIndex = stop;
    }
  }

  /** @param {Json[]} messages */
  draw(messages) {
    const wanted = new Set(messages.map(keyOf));
    for (const [key, { element }] of this.shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.shown.delete(key);
    }
    messages.forEach((message, at) => {
      const replies = this.inThread ? [] : this.world.inThread(message.ts, message.channel).filter((each) => each.ts !== message.ts);
      const joined = isJoined(message, messages[at - 1]) && !(this.inThread && at === 1);
      const drawn = JSON.stringify([message, joined, replies.map((each) => each.ts), this.localState(message), this.world.user, this.world.page.users.length]);
      const key = keyOf(message);
      const shown = this.shown.get(key);
      if (shown?.drawn === drawn) {
        if (this.list.children[at] !== shown.element) this.list.insertBefore(shown.element, this.list.children[at] ?? null);
        return;
      }
      const element = this.message(message, { joined, replies });
      if (shown) shown.element.replaceWith(element);
      else this.list.insertBefore(element, this.list.children[at] ?? null);
      this.shown.set(key, { element, drawn });
    });
  }

  /**
   * Return the page's own state that a message shows.
   * @param {Json} message
   */
  localState(message) {
    const key = keyOf(message);
    const of = (/** @type {string} */ each) => each.startsWith(`${key}|`);
    return [
      [...this.world.pending].filter(of),
      [...this.world.failures].filter(([each]) => of(each)),
      [...this.world.expanded].filter((each) => each === key || each === `${key}/thread`),
      this.world.thread === message.ts,
      this.firstNew === key,
    ];
  }

  /**
   * @param {Json} message
   * @param {{ joined: boolean, replies: Json[] }} place
   */
  message(message, { joined, replies }) {
    const ephemeral = message.subtype === "ephemeral";
    const isBot = Boolean(message.bot_id) || ephemeral;
    const isOurs = ephemeral || message.bot_id === this.world.page.bot.bot_id;
    const author = isOurs ? this.world.page.bot : (this.world.userOf(message.user) ?? { id: message.bot_id ?? message.user, name: this.world.userName(message.user ?? "?") });
    const name = message.username || author.name;
    const classes = ["message", joined && "joined", isBot && "from-bot", ephemeral && "ephemeral", this.world.thread === message.ts && !this.inThread && "open"];
    return el(
      "li",
      {
        class: classes.filter(Boolean).join(" "),
        testid: "message",
        "aria-label": `${name}: ${String(message.text ?? "").slice(0, 200)}`,
        data: { ts: message.ts, user: author.id, bot: String(isBot), ephemeral: String(ephemeral), focus: `message/${message.ts}` },
      },
      this.firstNew === keyOf(message) ? el("p", { class: "new-from", testid: "new-from", text: "New messages" }) : null,
      ephemeral ? el("p", { class: "only-you", text: "Only visible to you" }) : null,
      joined ? ago(Number(message.ts), { class: "time aside", short: true }) : avatar(author.id, name, isOurs),
      el(
        "div",
        { class: "message-main" },
        joined
          ? null
          : el("p", { class: "message-head" }, el("span", { class: "author", text: name }), isBot ? el("span", { class: "app-mark", text: "APP" }) : null, ago(Number(message.ts))),
        this.body(message, isBot),
        reactions(this.world, message),
        replies.length ? this.threadSummary(message, replies) : null,
      ),
      this.tools(message, ephemeral),
    );
  }

  /**
   * @param {Json} message
   * @param {boolean} isBot
   */
  body(message, isBot) {
    const key = keyOf(message);
    const world = this.world;
    const context = {
      names: world.names,
      act: (/** @type {import("./controls.js").Press} */ each) => press(world, message, key, each),
      pending: (/** @type {string} */ each) => world.pending.has(`${key}|${each}`),
      failure: (/** @type {string} */ each) => world.failures.get(`${key}|${each}`) ?? "",
    };
    const body = el("div", { class: isBot ? "message-body" : "message-body typed", testid: "message-body" });
    if (message.blocks?.length) body.append(renderBlocks(message.blocks, context));
    else if (message.text) body.append(el("div", { class: "block-text" }, mrkdwn(String(message.text), world.names, { styles: isBot && message.mrkdwn !== false })));
    for (const each of message.attachments ?? []) body.append(attachment(each, context));
    for (const each of message.files ?? []) body.append(fileCard(each));
    if (message.edited) body.append(el("span", { class: "edited", testid: "edited", text: "(edited)" }));
    if (isBot || !isLong(String(message.text ?? ""), this.inThread ? LONG_IN_THREAD : LONG)) return body;
    const fold = this.inThread ? `${key}/thread` : key;
    const open = world.expanded.has(fold);
    if (!open) body.classList.add("clamped");
    const toggle = () => {
      if (open) world.expanded.delete(fold);
      else world.expanded.add(fold);
      world.touch("message");
    };
    const label = open ? "Show less" : "Show more";
    return el("div", {}, body, el("button", { type: "button", class: "quiet", "aria-expanded": String(open), data: { focus: `${key}/more` }, text: label, on: { click: toggle } }));
  }

  /**
   * @param {Json} message
   * @param {Json[]} replies
   */
  threadSummary(message, replies) {
    const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
    const people = [...new Set(replies.map((each) => (each.bot_id === this.world.page.bot.bot_id ? this.world.page.bot.id : (each.user ?? each.bot_id))))].slice(0, 3);
    return el(
      "button",
      { type: "button", class: "thread-summary", testid: "open-thread", data: { focus: `summary/${message.ts}` }, on: { click: () => this.handlers.openThread(message.ts) } },
      ...people.map((id) => avatar(id, this.world.userName(id), id === this.world.page.bot.id, "small")),
      el("span", { class: "thread-count", text: count }),
      ago(Number(replies[replies.length - 1].ts)),
    );
  }

  /**
   * @param {Json} message
   * @param {boolean} ephemeral
   */
  tools(message, ephemeral) {
    const more = el("button", {
      type: "button",
      class: "tool",
      testid: "message-menu",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      data: { focus: `menu/${message.ts}` },
      text: "⋯",
      on: { click: () => openMenu(more, messageMenu(this.world, message)) },
    });
    const thread = message.thread_ts ?? message.ts;
    return el(
      "div",
      { class: "message-tools" },
      this.inThread || ephemeral
        ? null
        : el("button", { type: "button", class: "tool", testid: "reply", data: { focus: `reply/${message.ts}` }, text: "Reply", on: { click: () => this.handlers.openThread(thread, { write: true }) } }),
      more,
    );
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || focused.parentElement !== this.list) return;
    const to = { ArrowUp: focused.previousElementSibling, ArrowDown: focused.nextElementSibling }[event.key];
    if (to instanceof HTMLElement) {
      event.preventDefault();
      to.focus();
    } else if (event.key === "Enter" && !this.inThread) {
      this.handlers.openThread(String(focused.dataset.ts), { write: true });
    }
  }
}

/** @param {Json} message */
export function keyOf(message) {
  return `${message.channel}/${message.ts}`;
}

/**
 * @param {Json} message
 * @param {Json | undefined} before
 */
function isJoined(message, before) {
  if (!before || message.subtype === "ephemeral" || before.subtype === "ephemeral") return false;
  return before.user === message.user && before.bot_id === message.bot_id && !before.reply_count && Number(message.ts) - Number(before.ts) < TOGETHER;
}

/**
 * @param {string} text
 * @param {{ lines: number, text: number }} most
 */
function isLong(text, most) {
  return text.length > most.text || text.split("\n").length > most.lines;
}
