// @ts-check
// Renders interactive elements: buttons, overflow menus, selects, each with its confirm dialog.

import { plain } from "./blocks.js";
import { confirmed } from "./confirm.js";
import { el } from "./dom.js";
import { openMenu } from "./menu.js";
import { unknown } from "./unknown.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {{ block_id: string, action_id: string, value?: string, chosen?: string[], type: string }} Press
 * @typedef {import("./blocks.js").Context} Context
 */

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 * @returns {HTMLElement}
 */
export function actionElement(element, blockId, context) {
  switch (element.type) {
    case "button":
    case "icon_button":
    case "workflow_button":
      return button(element, blockId, context);
    case "overflow":
      return overflow(element, blockId, context);
    case "static_select":
    case "radio_buttons":
      return select(element, blockId, context);
    case "checkboxes":
      return checkboxes(element, blockId, context);
    case "feedback_buttons":
      return feedback(element, blockId, context);
    default:
      return unknown(element);
  }
}

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 */
function button(element, blockId, context) {
  const pending = context.pending(key(blockId, element));
  const kind = element.style === "primary" ? " primary" : element.style === "danger" ? " danger" : "";
  const props = {
    class: `button${kind}`,
    testid: "action",
    data: { action: String(element.action_id ?? ""), focus: key(blockId, element) },
    "aria-label": element.accessibility_label ?? null,
    "aria-busy": pending ? "true" : null,
    // Not `disabled`, because a disabled button loses the keyboard focus.
    "aria-disabled": pending ? "true" : null,
    on: { click: () => press(element, blockId, context, { value: element.value }) },
  };
  const label = plain(element.text) || element.icon || "…";
  if (!element.url) return el("button", { type: "button", ...props }, label);
  // Slack opens the link and also sends the press to the app.
  if (!/^https?:\/\//i.test(element.url)) return el("button", { type: "button", ...props }, label);
  return el("a", { ...props, href: element.url, target: "_blank", rel: "noopener noreferrer" }, label, el("span", { class: "out", "aria-hidden": "true", text: "↗" }));
}

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 */
function overflow(element, blockId, context) {
  const pending = context.pending(key(blockId, element));
  const made = el("button", {
    type: "button",
    class: "button overflow",
    testid: "action",
    data: { action: String(element.action_id ?? ""), focus: key(blockId, element) },
    "aria-label": "More actions",
    "aria-haspopup": "menu",
    "aria-busy": pending ? "true" : null,
    "aria-disabled": pending ? "true" : null,
    text: "⋯",
    on: {
      click: () =>
        openMenu(
          made,
          options(element).map((option) => ({
            label: plain(option.text),
            testid: "overflow-option",
            run: () => press(element, blockId, context, { value: option.value }),
          })),
        ),
    },
  });
  return made;
}

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 */
function select(element, blockId, context) {
  const first = element.initial_option?.value ?? "";
  const placeholder = element.placeholder ? [el("option", { value: "", disabled: true, selected: !first, text: plain(element.placeholder) })] : [];
  const made = el(
    "select",
    {
      class: "select",
      testid: "action",
      data: { action: String(element.action_id ?? ""), focus: key(blockId, element) },
      "aria-label": plain(element.placeholder) || element.action_id,
      disabled: context.pending(key(blockId, element)),
      on: { change: () => press(element, blockId, context, { value: made.value }) },
    },
    ...placeholder,
    ...options(element).map((option) => el("option", { value: option.value, selected: option.value === first, text: plain(option.text) })),
  );
  return made;
}

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 */
function checkboxes(element, blockId, context) {
  const initial = new Set((element.initial_options ?? []).map((/** @type {Json} */ each) => each.value));
  const boxes = options(element).map((option) =>
    el("input", { type: "checkbox", value: option.value, checked: initial.has(option.value), data: { focus: `${key(blockId, element)}/${option.value}` } }),
  );
  const change = () => press(element, blockId, context, { chosen: boxes.filter((each) => each.checked).map((each) => each.value) });
  const rows = options(element).map((option, at) => {
    boxes[at].addEventListener("change", change);
    return el("label", { class: "choice" }, boxes[at], plain(option.text));
  });
  return el("div", { class: "choices", testid: "action", data: { action: String(element.action_id ?? "") } }, ...rows);
}

/**
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 */
function feedback(element, blockId, context) {
  const both = [element.positive_button, element.negative_button].filter(Boolean);
  const buttons = both.map((each) =>
    el("button", {
      type: "button",
      class: "button",
      testid: "action",
      data: { action: String(element.action_id ?? ""), focus: `${key(blockId, element)}/${each.value}` },
      "aria-disabled": context.pending(key(blockId, element)) ? "true" : null,
      text: plain(each.text),
      on: { click: () => press(element, blockId, context, { value: each.value }) },
    }),
  );
  return el("span", { class: "feedback" }, ...buttons);
}

/**
 * Show the element's confirm dialog, if it has one, then deliver the press.
 * @param {Json} element
 * @param {string} blockId
 * @param {Context} context
 * @param {{ value?: string, chosen?: string[] }} what
 */
async function press(element, blockId, context, what) {
  if (context.pending(key(blockId, element))) return;
  if (element.confirm && !(await confirmed(element.confirm, context))) return;
  await context.act({ block_id: blockId, action_id: String(element.action_id ?? ""), type: element.type, ...what });
}

/**
 * @param {string} blockId
 * @param {Json} element
 */
function key(blockId, element) {
  return `${blockId}/${element.action_id ?? ""}`;
}

/**
 * @param {Json} element
 * @returns {Json[]}
 */
function options(element) {
  const grouped = (element.option_groups ?? []).flatMap((/** @type {Json} */ each) => each.options ?? []);
  return [...(element.options ?? []), ...grouped];
}
