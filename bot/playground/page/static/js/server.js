// @ts-check
// The page's own server: one stream of changes in, one POST per thing a person does out.

/**
 * @typedef {import("./world.js").Change} Change
 * @typedef {{ ok: boolean, error?: string, [more: string]: any }} Outcome
 */

const SLOW = 20_000;

/**
 * Do something as a person of the workspace. Never rejects: what went wrong stands in `error`.
 * @param {string} action
 * @param {Record<string, any>} body
 * @returns {Promise<Outcome>}
 */
export async function perform(action, body) {
  try {
    const answer = await fetch(`/api/actions/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(SLOW),
    });
    const outcome = await answer.json();
    return answer.ok ? outcome : { ...outcome, ok: false };
  } catch (error) {
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    return { ok: false, error: slow ? "No answer within 20 seconds." : "The playground's server cannot be reached. Does it still run?" };
  }
}

/**
 * What a text file says. Never rejects.
 * @param {string} file its id
 * @returns {Promise<string>}
 */
export async function textOf(file) {
  try {
    const answer = await fetch(`/api/texts/${encodeURIComponent(file)}`, { credentials: "same-origin", signal: AbortSignal.timeout(SLOW) });
    return answer.ok ? (await answer.json()).text : "This file cannot be shown here.";
  } catch {
    return "The playground's server cannot be reached. Does it still run?";
  }
}

export class Feed {
  /**
   * @param {{ change: (change: Change) => void, state: (connected: boolean) => void }} told
   */
  constructor(told) {
    this.told = told;
    /** @type {EventSource | null} */
    this.source = null;
  }

  /**
   * Read as this person; the first change is everything.
   * @param {string} user
   */
  open(user) {
    this.source?.close();
    const source = new EventSource(`/api/events?user=${encodeURIComponent(user)}`);
    this.source = source;
    source.addEventListener("change", (event) => this.told.change(JSON.parse(event.data)));
    source.addEventListener("open", () => this.told.state(true));
    source.addEventListener("error", () => {
      this.told.state(false);
      // A browser gives up for good after an answer that is no stream; the server may be on its way back.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.source === source && this.open(user), 2000);
    });
  }
}
