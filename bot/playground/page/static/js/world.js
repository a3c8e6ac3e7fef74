// @ts-check
// Holds the page's state: what the server sent, and which user, channel and thread are open.

import { whenReleased } from "./pointer.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{ id: string, name: string, title: string, locale: string, guest?: boolean }} User
 * @typedef {{ id: string, name: string, topic: string, direct: string, archived: boolean }} Channel
 * @typedef {{ command: string, description: string, usages: { text: string, description: string }[] }} Command
 * @typedef {{ name: string, title: string, ending: string, note: string, channel: string, lasts: boolean }} StagedEvent
 * @typedef {{
 *   title: string, acting: string, users: User[], others: User[], channels: Channel[], bot: User & { bot_id: string },
 *   samples: { title: string, text: string, note: string }[],
 *   events: StagedEvent[], commands: Command[], shortcuts: { callback_id: string, title: string }[],
 * }} Page
 * @typedef {{ reset?: boolean, page?: Page, put: Record<string, Json>, drop: string[] }} Change
 */

/** @type {Page} */
const NOTHING = { title: "", acting: "", users: [], others: [], channels: [], bot: { id: "", bot_id: "", name: "", title: "", locale: "" }, samples: [], events: [], commands: [], shortcuts: [] };

export class World {
  constructor() {
    this.page = NOTHING;
    this.user = "";
    this.channel = "";
    /** @type {string} ts of the open thread's first message, "" if none is open */
    this.thread = "";
    /** @type {Map<string, Json>} */
    this.items = new Map();
    /** @type {Set<string>} presses in flight */
    this.pending = new Set();
    /** @type {Map<string, string>} why the last press of a block failed */
    this.failures = new Map();
    /** @type {Set<string>} long messages shown in full */
    this.expanded = new Set();
    /** @type {((touched: Set<string>, fresh: Json[]) => void)[]} */
    this.listeners = [];
    this.names = { userName: (/** @type {string} */ id) => this.userName(id), channelName: (/** @type {string} */ id) => this.channelName(id) };
  }

  /**
   * @param {(touched: Set<string>, fresh: Json[]) => void} listener called with the kinds of items that changed, and new messages
   */
  listen(listener) {
    this.listeners.push(listener);
  }

  /**
   * Notify all listeners that these kinds changed.
   * @param {...string} kinds
   */
  touch(...kinds) {
    this.tell(new Set(kinds), []);
  }

  /**
   * Apply a change from the server.
   * @param {Change} change
   */
  apply(change) {
    const touched = new Set(Object.keys(change.put).concat(change.drop).map(kindOf));
    const known = new Set(this.items.keys());
    if (change.reset) {
      for (const key of this.items.keys()) touched.add(kindOf(key));
      this.items.clear();
    }
    if (change.page) {
      this.page = change.page;
      touched.add("page");
    }
    for (const [key, item] of Object.entries(change.put)) this.items.set(key, item);
    for (const key of change.drop) this.items.delete(key);
    const isNew = (/** @type {string} */ key) => !known.has(key) && /^(message|ephemeral)\//.test(key);
    const fresh = change.reset ? [] : Object.entries(change.put).filter(([key]) => isNew(key)).map(([, item]) => item);
    this.tell(touched, fresh);
  }

  /**
   * @param {Set<string>} touched
   * @param {Json[]} fresh
   */
  tell(touched, fresh) {
    whenReleased(() => {
      for (const listener of this.listeners) listener(touched, fresh);
    });
  }

  /**
   * Return all items of a kind.
   * @param {string} kind
   * @returns {Json[]}
   */
  all(kind) {
    return [...this.items].filter(([key]) => kindOf(key) === kind).map(([, item]) => item);
  }

  /** Return the open channel's messages, ephemeral ones included, oldest first. */
  inChannel(channel = this.channel) {
    const isTop = (/** @type {Json} */ each) => !each.thread_ts || each.thread_ts === each.ts || each.subtype === "thread_broadcast";
    return this.posts().filter((each) => each.channel === channel && isTop(each));
  }

  /** Return the open thread, parent first; empty if the parent is deleted and has no replies. */
  inThread(thread = this.thread, channel = this.channel) {
    return this.posts().filter((each) => each.channel === channel && (each.ts === thread || each.thread_ts === thread));
  }

  /** @returns {Json[]} */
  posts() {
    return [...this.all("message"), ...this.all("ephemeral")].sort((a, b) => Number(a.ts) - Number(b.ts));
  }

  /** Return the users and channels that a text may mention. */
  known() {
    return { users: this.page.others, channels: this.page.channels.filter((each) => !each.direct) };
  }

  /** @param {string} id */
  userName(id) {
    return this.userOf(id)?.name ?? (id === "USLACKBOT" ? "Slackbot" : id);
  }

  /**
   * @param {string} id
   * @returns {User | undefined}
   */
  userOf(id) {
    return id === this.page.bot.id ? this.page.bot : this.page.others.find((each) => each.id === id);
  }

  /** @param {string} id */
  channelName(id) {
    return this.channelOf(id)?.name ?? id;
  }

  /** @param {string} id */
  channelOf(id) {
    return this.page.channels.find((each) => each.id === id);
  }
}

/** @param {string} key */
function kindOf(key) {
  return key.slice(0, key.indexOf("/"));
}
