// @ts-check
// Offers sample pastes: what an on-call engineer would copy from a terminal.

import { el, refill } from "./dom.js";

const CHIPS = 3;
const CARDS = 4;

export class SampleBar {
  /**
   * @param {import("./world.js").World} world
   * @param {import("./composer.js").Composer} composer
   */
  constructor(world, composer) {
    this.world = world;
    this.composer = composer;
    this.drawn = "";
    this.element = el("div", { class: "samples", testid: "samples" });
    this.cards = el("ul", { class: "sample-cards", testid: "sample-cards" });
    this.dialog = el("dialog", { class: "dialog", testid: "samples-dialog", "aria-labelledby": "samples-title" });
    document.body.append(this.dialog);
    this.dialog.addEventListener("click", (/** @type {Event} */ event) => event.target === this.dialog && this.dialog.close());
  }

  render() {
    const samples = this.world.page.samples;
    const drawn = JSON.stringify(samples);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.hidden = samples.length === 0;
    refill(this.cards, ...samples.slice(0, CARDS).map((each, at) => this.card(each, at)));
    const chips = samples.slice(0, CHIPS).map((each, at) => this.chip(each, at));
    const all = el("button", { type: "button", class: "chip all", testid: "samples-all", "aria-haspopup": "dialog", text: `All ${samples.length} samples`, on: { click: () => this.open() } });
    refill(this.element, el("span", { class: "samples-label", text: "Sample pastes" }), el("div", { class: "chips" }, ...chips), samples.length > CHIPS ? all : null);
  }

  /**
   * @param {{ title: string, text: string, note: string }} sample
   * @param {number} at
   */
  chip(sample, at) {
    return el(
      "span",
      { class: "chip-pair" },
      el("button", { type: "button", class: "chip", testid: `sample-${at}`, title: sample.note ? `${sample.title}: ${sample.note}` : sample.title, text: sample.title, on: { click: () => this.composer.put(sample.text) } }),
      el("button", { type: "button", class: "chip send-now", testid: `sample-send-${at}`, "aria-label": `Send the sample “${sample.title}”`, title: "Send now", text: "➤", on: { click: () => this.composer.sendNow(sample.text) } }),
    );
  }

  /**
   * Render a sample with its note, for an empty channel.
   * @param {{ title: string, text: string, note: string }} sample
   * @param {number} at
   */
  card(sample, at) {
    return el(
      "li",
      { class: "sample-card" },
      el(
        "button",
        { type: "button", class: "sample-card-main", testid: `sample-card-${at}`, title: "Insert into the message box", on: { click: () => this.composer.put(sample.text) } },
        el("strong", { text: sample.title }),
        sample.note ? el("span", { class: "hint", text: sample.note }) : null,
      ),
      el("button", { type: "button", class: "button", testid: `sample-card-send-${at}`, "aria-label": `Send the sample “${sample.title}”`, text: "Send", on: { click: () => this.composer.sendNow(sample.text) } }),
    );
  }

  open() {
    const use = (/** @type {() => void} */ how) => () => (this.dialog.close(), how());
    const rows = this.world.page.samples.map((each, at) =>
      el(
        "li",
        { class: "sample-row" },
        el(
          "div",
          { class: "sample-about" },
          el("strong", { text: each.title }),
          each.note ? el("p", { class: "hint", text: each.note }) : null,
          el("pre", { class: "fence", text: each.text }),
        ),
        el(
          "div",
          { class: "sample-ways" },
          el("button", { type: "button", class: "button", testid: `sample-row-${at}`, text: "Insert into message box", on: { click: use(() => this.composer.put(each.text)) } }),
          el("button", { type: "button", class: "button primary", testid: `sample-row-send-${at}`, text: "Send", on: { click: use(() => this.composer.sendNow(each.text)) } }),
        ),
      ),
    );
    const wanted = el("input", { type: "search", class: "field sample-filter", testid: "samples-filter", placeholder: "Filter: pvc, dns, tikv …", "aria-label": "Filter the samples", autocomplete: "off" });
    wanted.addEventListener("input", () => {
      /** @type {string[]} */
      const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => (row.textContent ?? "").toLowerCase().includes(word));
    });
    refill(
      this.dialog,
      el(
        "div",
        { class: "dialog-head" },
        el("h2", { id: "samples-title", text: "Sample pastes" }),
        el("button", { type: "button", class: "tool close", "aria-label": "Close", text: "✕", on: { click: () => this.dialog.close() } }),
      ),
      wanted,
      el("ul", { class: "dialog-body sample-rows" }, ...rows),
    );
    this.dialog.showModal();
  }
}
