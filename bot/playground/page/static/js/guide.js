// @ts-check
// Shows the guide: four steps, ticked off as the visitor takes them.

import { el, refill } from "./dom.js";

const KEPT = "casebook-guide";

export class Guide {
  /** @param {import("./world.js").World} world */
  constructor(world) {
    this.world = world;
    this.dismissed = remembered();
    this.drawn = "";
    this.element = el("div", { class: "guide", testid: "guide" });
  }

  render() {
    const steps = this.steps();
    const drawn = JSON.stringify([steps, this.dismissed]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.hidden = this.dismissed;
    const at = steps.findIndex(([, done]) => !done);
    const rows = steps.map(([text, done], each) =>
      el("li", { class: done ? "done" : each === at ? "next" : "", "aria-current": each === at ? "step" : null }, el("span", { class: "mark", "aria-hidden": "true", text: done ? "✓" : String(each + 1) }), el("span", { class: "guide-text", text })),
    );
    const hide = () => {
      this.dismissed = true;
      remember();
      this.render();
    };
    refill(
      this.element,
      at < 0 ? el("p", { class: "guide-end", text: "All four steps done. Try another sample, let an alert fire in #alerts, or act as another user." }) : null,
      el("ol", { "aria-label": "How to try it", hidden: at < 0 }, ...rows),
      el("button", { type: "button", class: "tool close", "aria-label": "Hide these steps", text: "✕", on: { click: hide } }),
    );
  }

  /** @returns {[string, boolean][]} */
  steps() {
    const { world } = this;
    const posts = world.posts();
    const own = posts.filter((each) => each.user === world.user && !each.bot_id && each.subtype !== "ephemeral");
    const ephemeral = posts.some((each) => each.subtype === "ephemeral");
    const asked = ephemeral || own.length > 0;
    const threads = new Set(own.map((each) => each.ts));
    const answered = ephemeral || posts.some((each) => each.bot_id === world.page.bot.bot_id && threads.has(each.thread_ts));
    const pressed = world.all("delivery").some((each) => each.type === "block_actions" || each.type === "view_submission");
    const recovered = (world.items.get("cluster/now")?.recovered ?? []).length > 0;
    return [
      ["Paste an error", asked],
      ["Read the answer in its thread", answered],
      ["Press its button and confirm", pressed],
      ["Watch the cluster recover", recovered],
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
    // Without storage the browser shows the steps again.
  }
}
