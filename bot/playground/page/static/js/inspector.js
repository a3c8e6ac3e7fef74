// @ts-check
// Shows raw payloads, newest first: Slack API calls, deliveries to the app, Kubernetes API requests.

import { el, fill, refill } from "./dom.js";
import { ago } from "./times.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{ key: string, side: string, name: string, outcome: string, bad: boolean, at: number, raw: Json, searched: string }} Entry
 */

const SIDES = /** @type {const} */ ([["delivery", "Slack → app"], ["call", "app → Slack"], ["request", "app → Kubernetes"]]);
const SHOWN = 200;

export class Inspector {
  /**
   * @param {import("./world.js").World} world
   * @param {HTMLElement} root
   * @param {() => void} close
   */
  constructor(world, root, close) {
    this.world = world;
    this.root = root;
    this.chosen = "";
    /** @type {Set<string>} */
    this.hidden = new Set();
    this.filter = el("input", { type: "search", class: "field", testid: "inspector-filter", placeholder: "Filter by name or content", "aria-label": "Filter", on: { input: () => this.render() } });
    this.list = el("ul", { class: "entries", role: "listbox", tabindex: "0", testid: "inspector-list", "aria-label": "Payloads, newest first", on: { keydown: (/** @type {KeyboardEvent} */ event) => this.key(event) } });
    this.raw = el("pre", { class: "raw", tabindex: "0", testid: "inspector-raw", "aria-label": "Selected payload" });
    const toggles = SIDES.map(([side, label]) =>
      el("label", { class: "side-toggle" }, el("input", { type: "checkbox", checked: true, testid: `inspector-${side}`, on: { change: (/** @type {any} */ event) => this.toggle(side, event.target.checked) } }), label),
    );
    fill(
      root,
      el("header", { class: "pane-head" }, el("h2", { class: "pane-title", text: "Inspector" }), ...toggles, this.filter, el("button", { type: "button", class: "tool close", "aria-label": "Close the inspector", text: "✕", on: { click: close } })),
      el("div", { class: "inspector-panes" }, this.list, this.raw),
    );
  }

  /**
   * @param {string} side
   * @param {boolean} shown
   */
  toggle(side, shown) {
    if (shown) this.hidden.delete(side);
    else this.hidden.add(side);
    this.render();
  }

  /** @returns {Entry[]} */
  entries() {
    const wanted = this.filter.value.trim().toLowerCase();
    const found = [];
    for (const [side] of SIDES) {
      if (this.hidden.has(side)) continue;
      for (const raw of this.world.all(side)) {
        const entry = describe(side, raw);
        if (!wanted || `${entry.name} ${JSON.stringify(raw)}`.toLowerCase().includes(wanted)) found.push(entry);
      }
    }
    return found.sort((a, b) => b.at - a.at || b.key.localeCompare(a.key, undefined, { numeric: true })).slice(0, SHOWN);
  }

  render() {
    if (this.root.hidden) return;
    const entries = this.entries();
    const chosen = entries.find((each) => each.key === this.chosen) ?? entries[0];
    const rows = entries.map((each) =>
      el(
        "li",
        {
          class: `entry ${each.side}`,
          role: "option",
          id: `entry-${each.key.replace("/", "-")}`,
          testid: "inspector-entry",
          data: { key: each.key, name: each.name },
          "aria-selected": String(each === chosen),
          on: { click: () => this.choose(each.key) },
        },
        el("span", { class: "way", "aria-hidden": "true", text: { delivery: "→", call: "←", request: "⎈" }[each.side] ?? "" }),
        el("span", { class: "entry-name", text: each.name }),
        el("span", { class: each.bad ? "code bad" : "code", text: each.outcome }),
        ago(each.at, { short: true }),
      ),
    );
    refill(this.list, ...(rows.length ? rows : [el("li", { class: "hint", text: "No payloads to show." })]));
    if (chosen) this.list.setAttribute("aria-activedescendant", `entry-${chosen.key.replace("/", "-")}`);
    else this.list.removeAttribute("aria-activedescendant");
    const text = chosen ? JSON.stringify(chosen.raw, null, 2) : "";
    if (this.raw.dataset.shown !== text) {
      this.raw.dataset.shown = text;
      refill(this.raw, coloured(text));
    }
  }

  /** @param {string} key */
  choose(key) {
    this.chosen = key;
    this.render();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const entries = this.entries();
    const at = Math.max(0, entries.findIndex((each) => each.key === this.chosen));
    const next = entries[Math.min(entries.length - 1, Math.max(0, at + step))];
    if (next) this.choose(next.key);
    this.list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }
}

/**
 * @param {string} side
 * @param {Json} raw
 * @returns {Entry}
 */
function describe(side, raw) {
  const key = `${side}/${raw.number}`;
  const common = { key, side, at: raw.at, raw, searched: "" };
  if (side === "call") return { ...common, name: raw.method, outcome: raw.ok ? "ok" : raw.error || String(raw.status), bad: !raw.ok };
  if (side === "request") return { ...common, name: `${raw.method} ${raw.path}`, outcome: String(raw.status || "—"), bad: raw.status >= 400 || raw.status === 0 };
  const again = raw.attempt ? ` (attempt ${raw.attempt + 1})` : "";
  return { ...common, name: `${raw.type || raw.kind}${again}`, outcome: raw.reason || String(raw.status || "—"), bad: raw.status < 200 || raw.status >= 300 };
}

/**
 * Highlight the keys and values of formatted JSON.
 * @param {string} text
 */
function coloured(text) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    const [whole, string, colon] = found;
    made.append(text.slice(at, found.index));
    at = found.index + whole.length;
    const kind = colon ? "json-key" : string ? "json-text" : "json-value";
    made.append(el("span", { class: kind, text: string ?? whole }), colon ?? "");
  }
  made.append(text.slice(at));
  return made;
}
