// @ts-check
// Renders the inputs of a dialog and keeps what was entered, in the shape that Slack sends.

import { plain } from "./blocks.js";
import { actionElement } from "./controls.js";
import { el, refill } from "./dom.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./blocks.js").Context} Context
 */

const OWN = new Set(["plain_text_input", "number_input", "email_text_input", "url_text_input", "checkboxes", "radio_buttons", "static_select", "external_select", "multi_static_select"]);

/** The values entered so far, by block and action; they survive a redraw with the same ids. */
export class Inputs {
  constructor() {
    /** @type {Map<string, { block: string, action: string, state: Json }>} */
    this.entered = new Map();
    /** @type {Record<string, string>} */
    this.errors = {};
  }

  /**
   * @param {string} block
   * @param {string} action
   * @returns {Json | undefined}
   */
  get(block, action) {
    return this.entered.get(`${block}/${action}`)?.state;
  }

  /**
   * @param {string} block
   * @param {string} action
   * @param {Json} state
   */
  set(block, action, state) {
    this.entered.set(`${block}/${action}`, { block, action, state });
  }

  /**
   * Return the values of the view's current blocks: text, an option's value, or several values.
   * @param {Json[]} blocks
   */
  values(blocks) {
    const current = new Set(blocks.map((each) => each.block_id));
    /** @type {Record<string, Record<string, string | string[]>>} */
    const values = {};
    for (const { block, action, state } of this.entered.values()) {
      const value = plainValue(state);
      if (current.has(block) && value !== null) (values[block] ??= {})[action] = value;
    }
    return values;
  }
}

/**
 * @param {Json} state
 * @returns {string | string[] | null}
 */
function plainValue(state) {
  if (state.selected_options) return state.selected_options.map((/** @type {Json} */ each) => each.value);
  return state.selected_option?.value ?? state.value ?? null;
}

/**
 * Render a labelled input of a dialog.
 * @param {Json} block
 * @param {Context} context
 */
export function inputBlock(block, context) {
  const element = block.element ?? {};
  const blockId = String(block.block_id ?? "");
  const id = `input-${blockId}-${element.action_id ?? ""}`;
  const error = context.inputs?.errors[blockId] ?? "";
  const described = [block.hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  const common = {
    id,
    data: { focus: `${blockId}/${element.action_id ?? ""}`, action: String(element.action_id ?? "") },
    testid: "input",
    "aria-describedby": described || null,
    "aria-invalid": error ? "true" : null,
    "aria-required": block.optional ? null : "true",
  };
  const single = /_input$|^(static|external)_select$/.test(element.type ?? "");
  const label = [plain(block.label), block.optional ? el("span", { class: "optional", text: " (optional)" }) : null];
  return el(
    single ? "div" : "fieldset",
    { class: error ? "block-input invalid" : "block-input", testid: "input-block" },
    single ? el("label", { for: id, class: "input-label" }, ...label) : el("legend", { class: "input-label" }, ...label),
    OWN.has(element.type) && context.inputs ? control(element, block, context, common) : actionElement(element, blockId, context),
    block.hint ? el("p", { class: "hint", id: `${id}-hint`, text: plain(block.hint) }) : null,
    error ? el("p", { class: "failure", id: `${id}-error`, role: "alert", testid: "input-error", text: error }) : null,
  );
}

/**
 * @param {Json} element
 * @param {Json} block
 * @param {Context} context
 * @param {Json} common
 * @returns {HTMLElement}
 */
function control(element, block, context, common) {
  const action = String(element.action_id ?? "");
  const blockId = String(block.block_id ?? "");
  const type = element.type;
  const inputs = context.inputs ?? new Inputs();
  if (!inputs.get(blockId, action)) inputs.set(blockId, action, initial(element));
  const state = inputs.get(blockId, action) ?? {};
  const keep = (/** @type {Json} */ more) => {
    inputs.set(blockId, action, { type, ...more });
    // Slack reports a choice at once where the app asks for it.
    if (block.dispatch_action && more.selected_option) void context.act({ block_id: blockId, action_id: action, value: more.selected_option.value, type });
  };
  if (type === "static_select") return selectControl(element, state, keep, common);
  if (type === "external_select") return suggestControl(element, state, keep, common, context);
  if (type.endsWith("_input")) {
    const made = el(element.multiline ? "textarea" : "input", {
      ...common,
      class: "field",
      type: element.multiline ? null : "text",
      inputmode: type === "number_input" ? "decimal" : null,
      rows: element.multiline ? "4" : null,
      placeholder: plain(element.placeholder) || null,
      maxlength: element.max_length ?? null,
      autocomplete: "off",
      spellcheck: "false",
      value: state.value ?? "",
      on: { input: () => keep({ value: made.value || null }) },
    });
    return made;
  }
  return choices(element, state, keep, common);
}

/**
 * @param {Json} element
 * @returns {Json}
 */
function initial(element) {
  const type = element.type;
  if (type === "static_select" || type === "external_select" || type === "radio_buttons") return { type, selected_option: element.initial_option ?? null };
  if (type === "checkboxes" || type === "multi_static_select") return { type, selected_options: element.initial_options ?? [] };
  return { type, value: element.initial_value ?? null };
}

/**
 * @param {Json} element
 * @param {Json} state
 * @param {(more: Json) => void} keep
 * @param {Json} common
 */
function selectControl(element, state, keep, common) {
  const options = (element.options ?? []).concat((element.option_groups ?? []).flatMap((/** @type {Json} */ each) => each.options ?? []));
  const made = el(
    "select",
    { ...common, class: "select", on: { change: () => keep({ selected_option: options.find((/** @type {Json} */ each) => each.value === made.value) ?? null }) } },
    el("option", { value: "", text: plain(element.placeholder) || "Choose…" }),
    ...options.map((/** @type {Json} */ each) => el("option", { value: each.value, selected: state.selected_option?.value === each.value, text: plain(each.text) })),
  );
  return made;
}

/**
 * Render a menu whose options the app gives for what is typed.
 * @param {Json} element
 * @param {Json} state
 * @param {(more: Json) => void} keep
 * @param {Json} common
 * @param {Context} context
 */
function suggestControl(element, state, keep, common, context) {
  const action = String(element.action_id ?? "");
  /** @type {Json[]} */
  let options = state.selected_option ? [state.selected_option] : [];
  let asked = 0;
  const hint = plain(element.placeholder);
  const menu = el("select", { ...common, class: "select", on: { change: () => keep({ selected_option: options.find((each) => each.value === menu.value) ?? null }) } });
  const field = el("input", { class: "field", type: "search", placeholder: hint, autocomplete: "off", spellcheck: "false", testid: "suggest", data: { focus: `${common.data.focus}/typed` }, "aria-label": hint || "Search", on: { input: ask, focus: ask } });
  async function ask() {
    asked += 1;
    const mine = asked;
    const offered = (await context.suggest?.(action, field.value)) ?? [];
    if (mine !== asked) return;
    const chosen = options.find((each) => each.value === menu.value);
    options = chosen && !offered.some((each) => each.value === chosen.value) ? [chosen, ...offered] : offered;
    show(chosen?.value ?? "");
  }
  function show(/** @type {string} */ value) {
    menu.hidden = options.length === 0;
    refill(menu, el("option", { value: "", text: "Choose…" }), ...options.map((each) => el("option", { value: each.value, selected: each.value === value, text: plain(each.text) })));
  }
  show(state.selected_option?.value ?? "");
  return el("div", { class: "suggesting" }, field, menu);
}

/**
 * Render checkboxes or radio buttons.
 * @param {Json} element
 * @param {Json} state
 * @param {(more: Json) => void} keep
 * @param {Json} common
 */
function choices(element, state, keep, common) {
  const one = element.type === "radio_buttons";
  const chosen = new Set(one ? [state.selected_option?.value] : (state.selected_options ?? []).map((/** @type {Json} */ each) => each.value));
  /** @type {Json[]} */
  const options = element.options ?? [];
  const boxes = options.map((option, at) =>
    el("input", {
      type: one ? "radio" : "checkbox",
      name: common.id,
      value: option.value,
      checked: chosen.has(option.value),
      data: { focus: `${common.data.focus}/${at}`, action: common.data.action },
      testid: "input",
      on: { change },
    }),
  );
  function change() {
    const picked = options.filter((_, at) => boxes[at].checked);
    keep(one ? { selected_option: picked[0] ?? null } : { selected_options: picked });
  }
  const rows = options.map((option, at) =>
    el("label", { class: "choice" }, boxes[at], el("span", {}, plain(option.text), option.description ? el("span", { class: "hint", text: ` ${plain(option.description)}` }) : null)),
  );
  return el("div", { class: "choices" }, ...rows);
}
