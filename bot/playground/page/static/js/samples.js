// @ts-check
// Offers sample pastes, as an on-call engineer would copy them from a terminal, and events that the app reports by itself.

import { el, refill } from "./dom.js";
import { keepFocus } from "./focus.js";
import { notify } from "./notice.js";
import { perform } from "./server.js";

/** @typedef {import("./world.js").StagedEvent} StagedEvent */

const CHIPS = 3;
const CARDS = 4;

export class SampleBar {
  /**
   * @param {import("./world.js").World} world
   * @param {import("./composer.js").Composer} composer
   * @param {(id: string) => void} openChannel
   */
  constructor(world, composer, openChannel) {
    this.world = world;
    this.composer = composer;
    this.openChannel = openChannel;
    this.drawn = "";
    this.element = el("div", { class: "samples", testid: "samples" });
    this.cards = el("ul", { class: "sample-cards", testid: "sample-cards" });
    this.dialog = el("dialog", { class: "dialog", testid: "samples-dialog", "aria-labelledby": "samples-title" });
    document.body.append(this.dialog);
    this.dialog.addEventListener("click", (/** @type {Event} */ event) => event.target === this.dialog && this.dialog.close());
  }

  render() {
    const { samples, events } = this.world.page;
    const staged = events.filter((each) => each.channel === this.world.channel);
    const drawn = JSON.stringify([samples, staged]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.element.hidden = samples.length === 0;
    const cards = staged.length ? staged.map((each) => this.eventCard(each)) : samples.slice(0, CARDS).map((each, at) => this.card(each, at));
    const chips = staged.length ? staged.map((each) => this.eventChip(each)) : samples.slice(0, CHIPS).map((each, at) => this.chip(each, at));
    keepFocus(this.cards, () => refill(this.cards, ...cards));
    const all = el("button", { type: "button", class: "chip all", testid: "samples-all", "aria-haspopup": "dialog", text: `All ${samples.length + events.length} samples`, on: { click: () => this.open() } });
    const label = el("span", { class: "samples-label", text: staged.length ? "Let it happen" : "Sample pastes" });
    keepFocus(this.element, () => refill(this.element, label, el("div", { class: "chips" }, ...chips), samples.length > CHIPS ? all : null));
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

  /** @param {StagedEvent} event */
  eventChip(event) {
    return el("button", { type: "button", class: "chip", testid: `event-${event.name}`, data: { lasts: String(event.lasts), focus: `event/${event.name}` }, title: event.note, text: event.lasts ? event.ending : event.title, on: { click: () => this.toggle(event) } });
  }

  /**
   * Render an event with its note, for an empty channel.
   * @param {StagedEvent} event
   */
  eventCard(event) {
    return el("li", { class: "sample-card" }, el("div", { class: "sample-card-main" }, el("strong", { text: event.title }), el("span", { class: "hint", text: event.note })), this.eventButton(event, "card"));
  }

  /**
   * Render the button that starts an event or repairs what it broke.
   * @param {StagedEvent} event
   * @param {string} place
   */
  eventButton(event, place) {
    const verb = event.lasts ? event.ending : "Start";
    const toggle = () => (this.dialog.close(), this.toggle(event));
    return el("button", { type: "button", class: "button", testid: `event-${place}-${event.name}`, data: { focus: `event/${place}/${event.name}` }, "aria-label": event.lasts ? event.ending : `Start: ${event.title}`, text: verb, on: { click: toggle } });
  }

  /** @param {StagedEvent} event */
  async toggle(event) {
    if (event.channel !== this.world.channel) this.openChannel(event.channel);
    const outcome = await perform(event.lasts ? "end" : "begin", { user: this.world.user, event: event.name });
    const done = event.lasts ? "Repaired. The post follows in a few seconds." : "Started. The post comes in a few seconds.";
    notify(outcome.ok ? done : (outcome.error ?? "Nothing was changed."));
  }

  open() {
    const use = (/** @type {() => void} */ how) => () => (this.dialog.close(), how());
    const pastes = this.world.page.samples.map((each, at) =>
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
    const staged = this.world.page.events.map((each) =>
      el(
        "li",
        { class: "sample-row" },
        el("div", { class: "sample-about" }, el("strong", { text: each.title }), el("p", { class: "hint", text: each.note })),
        el("div", { class: "sample-ways" }, this.eventButton(each, "row")),
      ),
    );
    const rows = [...pastes.slice(0, CARDS), ...staged, ...pastes.slice(CARDS)];
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
        el("h2", { id: "samples-title", text: "Samples" }),
        el("button", { type: "button", class: "tool close", "aria-label": "Close", text: "✕", on: { click: () => this.dialog.close() } }),
      ),
      wanted,
      el("ul", { class: "dialog-body sample-rows" }, ...rows),
    );
    this.dialog.showModal();
  }
}
