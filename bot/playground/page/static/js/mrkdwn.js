// @ts-check
// Renders Slack's mrkdwn as DOM nodes. The text is never parsed as HTML.

import { codeBlock } from "./code.js";
import { el, link } from "./dom.js";
import { emoji } from "./emoji.js";

/**
 * @typedef {{ userName(id: string): string, channelName(id: string): string }} Names
 * @typedef {{ names: Names, styles: boolean }} How
 */

const FENCE = /```\n?([\s\S]*?)\n?```/g;
const LITERAL = "`([^`\\n]+)`|<([^<>\\n]+)>";
const STYLED =
  "|(?<![\\p{L}\\p{N}*])\\*(?=[^\\s*])([^*\\n]*?[^\\s*])\\*(?![\\p{L}\\p{N}*])" +
  "|(?<![\\p{L}\\p{N}_])_(?=[^\\s_])([^_\\n]*?[^\\s_])_(?![\\p{L}\\p{N}_])" +
  "|(?<![\\p{L}\\p{N}~])~(?=[^\\s~])([^~\\n]*?[^\\s~])~(?![\\p{L}\\p{N}~])" +
  "|:([a-z0-9_+-]+):";

/**
 * Render text as a message shows it. Without `styles`, only code, links and mentions are formatted, so that a pasted log
 * keeps its asterisks and underscores.
 * @param {string} text
 * @param {Names} names
 * @param {{ styles?: boolean }} [options]
 * @returns {DocumentFragment}
 */
export function mrkdwn(text, names, { styles = true } = {}) {
  const how = { names, styles };
  const made = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(FENCE)) {
    made.append(lines(text.slice(at, found.index).replace(/\n$/, ""), how));
    made.append(codeBlock({ text: decode(found[1]) }));
    at = found.index + found[0].length;
    if (text[at] === "\n") at += 1;
  }
  made.append(lines(text.slice(at), how));
  return made;
}

/**
 * @param {string} text
 * @param {How} how
 */
function lines(text, how) {
  const made = document.createDocumentFragment();
  if (!text) return made;
  /** @type {string[]} */
  let quoted = [];
  const flush = () => {
    if (quoted.length) made.append(el("blockquote", {}, inline(quoted.join("\n"), how)));
    quoted = [];
  };
  let plain = /** @type {string[]} */ ([]);
  const flushPlain = () => {
    if (plain.length) made.append(inline(plain.join("\n"), how));
    plain = [];
  };
  for (const line of text.split("\n")) {
    const quote = how.styles ? /^(?:&gt;|>) ?(.*)$/.exec(line) : null;
    if (quote) {
      flushPlain();
      quoted.push(quote[1]);
    } else {
      flush();
      plain.push(line);
    }
  }
  flush();
  flushPlain();
  return made;
}

/**
 * @param {string} text
 * @param {How} how
 */
function inline(text, how) {
  const made = document.createDocumentFragment();
  const pattern = new RegExp(how.styles ? LITERAL + STYLED : LITERAL, "gu");
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    const [whole, code, entity, bold, italic, strike, short] = found;
    if (found.index > at) made.append(decode(text.slice(at, found.index)));
    at = found.index + whole.length;
    if (code !== undefined) made.append(el("code", { text: decode(code) }));
    else if (entity !== undefined) made.append(entityNode(entity, how.names));
    else if (bold !== undefined) made.append(el("strong", {}, inline(bold, how)));
    else if (italic !== undefined) made.append(el("em", {}, inline(italic, how)));
    else if (strike !== undefined) made.append(el("s", {}, inline(strike, how)));
    else made.append(emoji(short) ?? whole);
  }
  if (at < text.length) made.append(decode(text.slice(at)));
  return made;
}

/**
 * Render what is between < and >: a user, a channel, a broadcast, a date or a link.
 * @param {string} inside
 * @param {Names} names
 */
function entityNode(inside, names) {
  const bar = inside.indexOf("|");
  const [target, label] = bar < 0 ? [inside, ""] : [inside.slice(0, bar), decode(inside.slice(bar + 1))];
  if (target.startsWith("@")) return mention(`@${names.userName(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${label || names.channelName(target.slice(1))}`);
  if (target.startsWith("!date^")) return el("span", { text: label || target });
  if (target.startsWith("!subteam^")) return mention(label || "@group", "notifies a user group");
  if (target.startsWith("!")) return mention(`@${label || target.slice(1)}`, "notifies everyone here");
  return link(decode(target), label || decode(target));
}

/**
 * Render a mention; its title says if it would notify many people.
 * @param {string} text
 * @param {string} [pings]
 */
export function mention(text, pings) {
  return el("span", { class: pings ? "mention pings" : "mention", title: pings, text });
}

/**
 * Decode Slack's three entities.
 * @param {string} text
 */
export function decode(text) {
  return text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[/** @type {"lt"} */ (name)]);
}

/**
 * Return a stored message as it was typed: mentions by name, links without brackets.
 * @param {string} stored
 * @param {Names} names
 */
export function asTyped(stored, names) {
  const typed = stored.replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, target, label) => {
    if (target.startsWith("@")) return `@${names.userName(target.slice(1))}`;
    if (target.startsWith("#")) return `#${label || names.channelName(target.slice(1))}`;
    return target.startsWith("!") ? `@${target.slice(1)}` : label || target;
  });
  return decode(typed);
}

/**
 * Replace known @names and #channels with mentions, as Slack's menu does.
 * @param {string} text
 * @param {{ users: { id: string, name: string }[], channels: { id: string, name: string }[] }} known
 */
export function withMentions(text, { users, channels }) {
  const user = new Map(users.map((each) => [each.name.toLowerCase(), each.id]));
  const channel = new Map(channels.map((each) => [each.name, each.id]));
  return text
    .replace(/(?<![\w@/.<])@([\p{L}\p{N}][\p{L}\p{N}._-]*)/gu, (whole, name) => {
      const id = user.get(name.toLowerCase());
      return id ? `<@${id}>` : whole;
    })
    .replace(/(?<![\w#/.&<])#([a-z0-9][a-z0-9_-]*)/g, (whole, name) => {
      const id = channel.get(name);
      return id ? `<#${id}>` : whole;
    });
}
