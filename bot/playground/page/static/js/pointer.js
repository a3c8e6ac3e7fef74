// @ts-check
// Postpones drawing while a button of the mouse or a finger is down: what is replaced between press and release gets no click.

let isDown = false;
/** @type {(() => void)[]} in the order in which they came */
let waiting = [];

/**
 * Act now, or as soon as the pointer is released.
 * @param {() => void} action
 */
export function whenReleased(action) {
  if (isDown) waiting.push(action);
  else action();
}

function draw() {
  const due = waiting;
  waiting = [];
  for (const each of due) each();
}

// The click comes right after these events: what it does is drawn at once, what waits after it.
function release() {
  isDown = false;
  setTimeout(draw);
}

addEventListener("pointerdown", () => (isDown = true), { capture: true });
for (const ending of ["pointerup", "pointercancel", "dragend"]) addEventListener(ending, release, { capture: true });
// The window's own: blurs of its elements do not bubble.
addEventListener("blur", release);
