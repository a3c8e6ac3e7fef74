// @ts-check
// Maps the most common shortcodes to emoji; unknown shortcodes stay unchanged.

/** @type {Record<string, string>} */
const EMOJI = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌",
  warning: "⚠️", question: "❓", grey_question: "❔", exclamation: "❗", information_source: "ℹ️", mag: "🔍",
  mag_right: "🔎", hourglass: "⌛", hourglass_flowing_sand: "⏳", rotating_light: "🚨", fire: "🔥", tada: "🎉",
  eyes: "👀", bulb: "💡", lock: "🔒", unlock: "🔓", key: "🔑", no_entry: "⛔", no_entry_sign: "🚫", stop_sign: "🛑",
  arrows_counterclockwise: "🔄", repeat: "🔁", wrench: "🔧", hammer_and_wrench: "🛠️", gear: "⚙️", memo: "📝",
  clipboard: "📋", books: "📚", book: "📖", open_book: "📖", link: "🔗", paperclip: "📎", page_facing_up: "📄",
  package: "📦", bell: "🔔", no_bell: "🔕", mute: "🔇", speech_balloon: "💬", wave: "👋", robot_face: "🤖",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴",
  large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", green_heart: "💚", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", stopwatch: "⏱️", clock1: "🕐", leftwards_arrow_with_hook: "↩️", recycle: "♻️",
  ok: "🆗", heavy_minus_sign: "➖", small_blue_diamond: "🔹", large_green_square: "🟩", large_red_square: "🟥",
  pushpin: "📌", sos: "🆘", skull: "💀", see_no_evil: "🙈", thinking_face: "🤔", slightly_smiling_face: "🙂", smile: "😄",
};

/**
 * Return the emoji of a shortcode, null if it is unknown.
 * @param {string} name
 * @returns {string | null}
 */
export function emoji(name) {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : null;
}

/**
 * Replace known shortcodes in a text.
 * @param {string} text
 */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
}
