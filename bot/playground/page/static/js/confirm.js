// @ts-check
// The confirm object of a button: asked before the press is delivered.

import { textObject } from "./blocks.js";
import { el } from "./dom.js";

/**
 * Ask; true if the person agreed.
 * @param {Record<string, any>} confirm
 * @param {import("./blocks.js").Context} context
 * @returns {Promise<boolean>}
 */
export function confirmed(confirm, context) {
  return ask({
    title: String(confirm.title?.text ?? "Are you sure?"),
    body: [el("div", { class: "dialog-text" }, textObject(confirm.text, context))],
    yes: String(confirm.confirm?.text ?? "Yes"),
    no: String(confirm.deny?.text ?? "Cancel"),
    danger: confirm.style === "danger",
  });
}

/**
 * A question in a dialog of its own.
 * @param {{ title: string, body: Node[], yes: string, no: string, danger?: boolean }} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, body, yes, no, danger = false }) {
  const back = document.activeElement;
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { class: "dialog small", testid: "confirm", "aria-labelledby": "confirm-title" },
      el("div", { class: "dialog-head" }, el("h2", { id: "confirm-title", text: title })),
      el("div", { class: "dialog-body" }, ...body),
      el(
        "div",
        { class: "dialog-foot" },
        el("button", { type: "button", class: "button", testid: "confirm-no", text: no, on: { click: () => dialog.close("no") } }),
        el("button", {
          type: "button",
          class: danger ? "button danger" : "button primary",
          testid: "confirm-yes",
          text: yes,
          on: { click: () => dialog.close("yes") },
        }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (back instanceof HTMLElement && back.isConnected) back.focus();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
