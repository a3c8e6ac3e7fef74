// @ts-check
// The way through in four steps, ticked off as a visitor goes it.

import { el, refill } from "./dom.js";

const KEPT = "casebook-guide";

export class Guide {
  /** @param {import("./world.js").World} world */
  constructor(world) {
    this.world = world;
    this.away = remembered();
    this.drawn = "";
    this.element = el("div", { class: "guide", testid: "guide" });
  }

  render() {
    const steps = this.steps();
    const drawn = JSON.stringify([steps, this.away]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.hidden = this.away;
    const at = steps.findIndex(([, done]) => !done);
    const rows = steps.map(([text, done], each) =>
      el("li", { class: done ? "done" : each === at ? "next" : "", "aria-current": each === at ? "step" : null }, el("span", { class: "mark", "aria-hidden": "true", text: done ? "✓" : String(each + 1) }), el("span", { class: "guide-text", text })),
    );
    const hide = () => {
      this.away = true;
      remember();
      this.render();
    };
    refill(
      this.element,
      at < 0 ? el("p", { class: "guide-end", text: "That was the whole way. Take another sample, or act as somebody else." }) : null,
      el("ol", { "aria-label": "How to try it", hidden: at < 0 }, ...rows),
      el("button", { type: "button", class: "tool close", "aria-label": "Hide these steps", text: "✕", on: { click: hide } }),
    );
  }

  /** @returns {[string, boolean][]} */
  steps() {
    const { world } = this;
    const posts = world.posts();
    const own = posts.filter((each) => each.user === world.user && !each.bot_id && each.subtype !== "ephemeral");
    const told = posts.some((each) => each.subtype === "ephemeral");
    const asked = told || own.length > 0;
    const threads = new Set(own.map((each) => each.ts));
    const answered = told || posts.some((each) => each.bot_id === world.page.bot.bot_id && threads.has(each.thread_ts));
    const pressed = world.all("delivery").some((each) => each.type === "block_actions" || each.type === "view_submission");
    const healed = (world.items.get("cluster/now")?.healed ?? []).length > 0;
    return [
      ["Paste an error", asked],
      ["Read the answer in its thread", answered],
      ["Press its button and confirm", pressed],
      ["See the cluster heal", healed],
    ];
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEPT) === "hidden";
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KEPT, "hidden");
  } catch {
    // A browser that keeps nothing shows the steps again; that is all.
  }
}
