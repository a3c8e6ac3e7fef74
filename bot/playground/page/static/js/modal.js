// @ts-check
// Draws the app's dialogs with the browser's modal <dialog>, which keeps the focus inside.

import { plain, renderBlocks } from "./blocks.js";
import { el, refill } from "./dom.js";
import { bookmark, keepFocus } from "./focus.js";
import { Inputs } from "./inputs.js";
import { whenReleased } from "./pointer.js";
import { perform } from "./server.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./world.js").World} World
 */

export class Modal {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    this.dialog = el("dialog", { class: "dialog modal", testid: "dialog", "aria-labelledby": "dialog-title" });
    document.body.append(this.dialog);
    /** @type {Json | null} */
    this.view = null;
    /** @type {Map<string, Inputs>} by view id, so that input survives a pushed view */
    this.inputs = new Map();
    this.busy = false;
    this.problem = "";
    this.drawn = "";
    this.back = () => {};
    this.dialog.addEventListener("cancel", (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.close();
    });
  }

  render() {
    const view = this.world.all("view").at(0) ?? null;
    if (!view) {
      this.leave();
      return;
    }
    if (this.view?.id !== view.id) {
      this.busy = false;
      this.problem = "";
    }
    this.view = view;
    this.inputs.set(view.id, this.inputs.get(view.id) ?? new Inputs());
    this.draw();
    if (!this.dialog.open) {
      this.back = bookmark();
      this.dialog.showModal();
      this.first()?.focus();
    }
  }

  draw() {
    const view = this.view;
    const inputs = view && this.inputs.get(view.id);
    if (!view || !inputs) return;
    inputs.errors = view.errors ?? {};
    const drawn = JSON.stringify([view, this.busy, this.problem, [...this.world.pending].filter((each) => each.startsWith("view|"))]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const changed = this.dialog.dataset.view !== view.id;
    this.dialog.dataset.view = view.id;
    this.dialog.dataset.callback = view.callback_id ?? "";
    keepFocus(this.dialog, () => refill(this.dialog, this.form(view, inputs)));
    if (changed && this.dialog.open) this.first()?.focus();
  }

  /** Return the element to focus in a new dialog: the first input, else the submit or close button. */
  first() {
    return this.dialog.querySelector("[data-testid=input], [data-testid=dialog-submit]:not(:disabled), [data-testid=dialog-close]");
  }

  /**
   * @param {Json} view
   * @param {Inputs} inputs
   */
  form(view, inputs) {
    const context = {
      names: this.world.names,
      inputs,
      suggest: async (/** @type {string} */ action_id, /** @type {string} */ value) =>
        (await perform("suggest", { user: this.world.user, view_id: view.id, action_id, value })).options ?? [],
      act: (/** @type {import("./controls.js").Press} */ each) => this.press(view, each),
      pending: (/** @type {string} */ each) => this.world.pending.has(`view|${view.id}|${each}`),
      failure: () => "",
    };
    const submit = view.submit
      ? el("button", { type: "submit", class: "button primary", testid: "dialog-submit", data: { focus: "submit" }, disabled: this.busy || view.submit_disabled === true, "aria-busy": this.busy ? "true" : null, text: plain(view.submit) })
      : null;
    const send = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.submit();
    };
    return el(
      "form",
      { class: "dialog-form", novalidate: true, on: { submit: send } },
      el(
        "div",
        { class: "dialog-head" },
        el("h2", { id: "dialog-title", testid: "dialog-title", text: plain(view.title) }),
        el("button", { type: "button", class: "tool close", testid: "dialog-dismiss", data: { focus: "dismiss" }, "aria-label": "Close", text: "✕", on: { click: () => this.close() } }),
      ),
      el("div", { class: "dialog-body", testid: "dialog-body", tabindex: "0" }, renderBlocks(view.blocks ?? [], context)),
      this.problem ? el("p", { class: "failure dialog-problem", role: "alert", testid: "dialog-error", text: this.problem }) : null,
      el(
        "div",
        { class: "dialog-foot" },
        el("button", { type: "button", class: "button", testid: "dialog-close", data: { focus: "close" }, text: plain(view.close) || (view.submit ? "Cancel" : "Close"), on: { click: () => this.close() } }),
        submit,
      ),
    );
  }

  async submit() {
    const view = this.view;
    if (!view?.submit || this.busy) return;
    const inputs = this.inputs.get(view.id);
    this.set({ busy: true, problem: "" });
    const outcome = await perform("submit", { user: this.world.user, view_id: view.id, values: inputs?.values(view.blocks ?? []) ?? {} });
    this.set({ busy: false, problem: outcome.ok ? "" : (outcome.error ?? "The dialog was not submitted.") });
  }

  async close() {
    const view = this.view;
    if (!view) return;
    const outcome = await perform("close", { user: this.world.user, view_id: view.id });
    if (!outcome.ok) this.set({ busy: false, problem: outcome.error ?? "" });
  }

  /**
   * @param {Json} view
   * @param {import("./controls.js").Press} what
   */
  async press(view, what) {
    const control = `view|${view.id}|${what.block_id}/${what.action_id}`;
    if (this.world.pending.has(control)) return;
    this.world.pending.add(control);
    whenReleased(() => this.draw());
    const outcome = await perform("click_view", { user: this.world.user, view_id: view.id, block_id: what.block_id, action_id: what.action_id, value: what.value ?? null, chosen: what.chosen ?? null });
    this.world.pending.delete(control);
    this.set({ busy: false, problem: outcome.ok ? "" : (outcome.error ?? "The app did not accept the button press.") });
  }

  /** @param {{ busy: boolean, problem: string }} how */
  set({ busy, problem }) {
    this.busy = busy;
    this.problem = problem;
    whenReleased(() => this.draw());
  }

  leave() {
    if (!this.view) return;
    this.view = null;
    this.drawn = "";
    this.inputs.clear();
    this.dialog.close();
    this.back();
  }
}
