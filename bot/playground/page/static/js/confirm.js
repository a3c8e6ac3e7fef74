// @ts-check
// Asks for confirmation: the confirm object of a button, before its press is delivered.

import { plain, textObject } from "./blocks.js";
import { el } from "./dom.js";
import { bookmark } from "./focus.js";

/**
 * Ask for confirmation; resolve to true if the user agrees.
 * @param {Record<string, any>} confirm
 * @param {import("./blocks.js").Context} context
 * @returns {Promise<boolean>}
 */
export function confirmed(confirm, context) {
  return ask({
    title: plain(confirm.title) || "Are you sure?",
    body: [el("div", { class: "dialog-text" }, textObject(confirm.text, context))],
    yes: plain(confirm.confirm) || "Yes",
    no: plain(confirm.deny) || "Cancel",
    danger: confirm.style === "danger",
  });
}

/**
 * Ask a question in a dialog.
 * @param {{ title: string, body: Node[], yes: string, no: string, danger?: boolean }} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, body, yes, no, danger = false }) {
  const back = bookmark();
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
      back();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
