// @ts-check
// Delivers a press in a message and shows the error if the app refuses it.

import { perform } from "./server.js";

/**
 * Deliver a press. The control is disabled while it is in flight; an error is shown at its block.
 * @param {import("./world.js").World} world
 * @param {Record<string, any>} message
 * @param {string} key of the message
 * @param {import("./controls.js").Press} what
 */
export async function press(world, message, key, what) {
  const control = `${key}|${what.block_id}/${what.action_id}`;
  const block = `${key}|${what.block_id}`;
  if (world.pending.has(control)) return;
  world.pending.add(control);
  world.failures.delete(block);
  world.touch("message");
  const outcome = await perform("click", {
    user: world.user,
    channel: message.channel,
    ts: message.ts,
    block_id: what.block_id,
    action_id: what.action_id,
    value: what.value ?? null,
    chosen: what.chosen ?? null,
  });
  world.pending.delete(control);
  if (!outcome.ok) world.failures.set(block, outcome.error ?? "The app did not accept the button press.");
  world.touch("message");
}
