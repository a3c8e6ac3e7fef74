// @ts-check
// Suggests completions while typing: commands after "/", users and the app after "@".

/**
 * @typedef {{ label: string, note: string, insert: string, from: number }} Suggestion
 * @typedef {import("./world.js").Page} Page
 */

const MOST = 8;

/**
 * Return suggestions for the text before the caret; `insert` replaces the text from `from` to the caret.
 * @param {string} before
 * @param {Page} page
 * @returns {Suggestion[]}
 */
export function suggest(before, page) {
  if (before.startsWith("/") && !before.includes("\n")) return commands(before, page);
  const typed = /(?:^|\s)@([\p{L}\p{N}._-]*)$/u.exec(before);
  if (!typed) return [];
  const people = [page.bot, ...page.users];
  return people
    .filter((each) => each.name.toLowerCase().startsWith(typed[1].toLowerCase()) && each.name !== typed[1])
    .slice(0, MOST)
    .map((each) => ({ label: `@${each.name}`, note: each.title, insert: `@${each.name} `, from: before.length - typed[1].length - 1 }));
}

/**
 * @param {string} before
 * @param {Page} page
 */
function commands(before, page) {
  const all = page.commands.flatMap((each) => [
    { label: each.command, note: each.description, insert: `${each.command} `, from: 0 },
    ...each.usages.map((usage) => ({ label: `${each.command} ${usage.text}`, note: usage.description, insert: `${each.command} ${usage.text} `, from: 0 })),
  ]);
  return all.filter((each) => each.label.startsWith(before.trimEnd()) && each.insert.trimEnd() !== before.trimEnd()).slice(0, MOST);
}

/**
 * Return the command that a text calls, null if it is an ordinary message.
 * @param {string} text
 * @param {Page} page
 * @returns {{ command: string, text: string } | null}
 */
export function commandIn(text, page) {
  const [, command, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  return page.commands.some((each) => each.command === command) ? { command, text: rest.trim() } : null;
}
