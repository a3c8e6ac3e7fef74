// @ts-check
// Keeps the keyboard focus while parts of the page are redrawn.

/**
 * Redraw within `root`, then restore the focus to the element of the same name.
 * @param {HTMLElement} root
 * @param {() => void} redraw
 */
export function keepFocus(root, redraw) {
  const focused = document.activeElement;
  const within = focused instanceof HTMLElement && root.contains(focused) ? focused : null;
  const name = within?.dataset.focus;
  const selection = within instanceof HTMLTextAreaElement || within instanceof HTMLInputElement ? selected(within) : null;
  redraw();
  if (!within || within.isConnected || !name) return;
  const replacement = [...root.querySelectorAll("[data-focus]")].find((each) => each instanceof HTMLElement && each.dataset.focus === name);
  if (!(replacement instanceof HTMLElement)) return;
  replacement.focus({ preventScroll: true });
  if (selection && (replacement instanceof HTMLTextAreaElement || replacement instanceof HTMLInputElement)) replacement.setSelectionRange(...selection);
}

/**
 * Remember the focused element, to focus it when a dialog closes; it may be redrawn meanwhile.
 * @returns {() => void} restores the focus
 */
export function bookmark() {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || focused === document.body) return () => {};
  const within = focused.closest("[data-ts]");
  const pane = focused.closest("[id]:not([data-focus])");
  const ts = within instanceof HTMLElement ? within.dataset.ts : undefined;
  const name = focused.dataset.focus;
  return () => {
    const root = (ts && pane?.querySelector(`[data-ts="${CSS.escape(ts)}"]`)) || pane || document.body;
    const replacement = focused.isConnected || !name ? focused : root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    if (replacement instanceof HTMLElement) replacement.focus({ preventScroll: true });
  };
}

/**
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @returns {[number, number] | null} null for fields that hold no text
 */
function selected(field) {
  return field.selectionStart === null || field.selectionEnd === null ? null : [field.selectionStart, field.selectionEnd];
}
