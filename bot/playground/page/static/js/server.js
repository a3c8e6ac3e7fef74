// @ts-check
// Talks to the page's server: receives one stream of changes, sends one POST per user action.

/**
 * @typedef {import("./world.js").Change} Change
 * @typedef {{ ok: boolean, error?: string, [more: string]: any }} Outcome
 */

const SLOW = 20_000;

/**
 * Perform a user action. Never rejects; a failure is described in `error`.
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
    return { ok: false, error: slow ? "No answer within 20 seconds." : "The playground's server cannot be reached. Is it still running?" };
  }
}

/**
 * Return the content of a text file, or why it cannot be shown. Never rejects.
 * @param {string} file its id
 * @returns {Promise<string>}
 */
export async function textOf(file) {
  try {
    const answer = await fetch(`/api/texts/${encodeURIComponent(file)}`, { credentials: "same-origin", signal: AbortSignal.timeout(SLOW) });
    return answer.ok ? (await answer.json()).text : "This file cannot be shown here.";
  } catch {
    return "The playground's server cannot be reached. Is it still running?";
  }
}

export class Feed {
  /**
   * @param {{ change: (change: Change) => void, state: (connected: boolean) => void }} callbacks
   */
  constructor(callbacks) {
    this.callbacks = callbacks;
    /** @type {EventSource | null} */
    this.source = null;
  }

  /**
   * Read the stream as this user; the first change is the full state.
   * @param {string} user
   */
  open(user) {
    this.source?.close();
    const source = new EventSource(`/api/events?user=${encodeURIComponent(user)}`);
    this.source = source;
    source.addEventListener("change", (event) => this.callbacks.change(JSON.parse(event.data)));
    source.addEventListener("open", () => this.callbacks.state(true));
    source.addEventListener("error", () => {
      this.callbacks.state(false);
      // After a response that is not a stream, the browser stops retrying; the server may be restarting.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.source === source && this.open(user), 2000);
    });
  }
}
