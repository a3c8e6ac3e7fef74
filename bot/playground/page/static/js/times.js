// @ts-check
// Shows relative times such as "2 min ago" and keeps them current.

import { el } from "./dom.js";

const UNITS = /** @type {const} */ ([["d", 86400], ["h", 3600], ["min", 60]]);

/**
 * Render a moment as a <time> that says how long ago it was.
 * @param {number} seconds since the epoch
 * @param {{ class?: string, short?: boolean }} [options]
 */
export function ago(seconds, { class: className = "time", short = false } = {}) {
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return el("span", { class: className });
  return el("time", {
    class: className,
    datetime: moment.toISOString(),
    title: moment.toLocaleString(),
    data: { ago: short ? "short" : "long" },
    text: distance(seconds, short),
  });
}

/** @type {Record<string, Intl.DateTimeFormatOptions>} the placeholders of Slack's date formats */
const FORMATS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { dateStyle: "long" },
  date_short: { dateStyle: "medium" },
  date_long: { dateStyle: "full" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

/**
 * Render a moment in the reader's time zone and the app's format, or `fallback` if the format is unknown.
 * @param {number} seconds since the epoch
 * @param {string} format such as "{date_short} {time}"
 * @param {unknown} fallback
 */
export function moment(seconds, format, fallback) {
  const when = new Date(seconds * 1000);
  const named = [...format.matchAll(/\{(\w+)\}/g)].map((found) => found[1]);
  if (Number.isNaN(when.getTime()) || !named.length || named.some((name) => !(name in FORMATS))) return el("span", { text: String(fallback ?? format) });
  const text = format.replace(/\{(\w+)\}/g, (_, name) => new Intl.DateTimeFormat(undefined, FORMATS[name]).format(when));
  return el("time", { datetime: when.toISOString(), title: when.toLocaleString(), text });
}

/**
 * Parse an RFC 3339 timestamp to epoch seconds, NaN if it is invalid.
 * @param {string} timestamp
 */
export function epoch(timestamp) {
  return Date.parse(timestamp) / 1000;
}

/**
 * @param {number} seconds
 * @param {boolean} short
 */
function distance(seconds, short) {
  const passed = Date.now() / 1000 - seconds;
  for (const [unit, length] of UNITS) {
    if (passed >= length) {
      const amount = `${Math.floor(passed / length)}${short ? unit[0] : ` ${unit}`}`;
      return short ? amount : `${amount} ago`;
    }
  }
  return short ? `${Math.max(0, Math.floor(passed))}s` : "just now";
}

/** Update the text of every relative time on the page. */
export function refreshTimes() {
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const time = /** @type {HTMLTimeElement} */ (element);
    const said = distance(epoch(time.dateTime), time.dataset.ago === "short");
    if (time.textContent !== said) time.textContent = said;
  }
}
