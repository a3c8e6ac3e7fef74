// @ts-check
// Redrawing must not take the keyboard away from whoever is using it.

/**
 * Redraw within `root`, then focus again what had the focus, if it is still there under the same name.
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
  const heir = [...root.querySelectorAll("[data-focus]")].find((each) => each instanceof HTMLElement && each.dataset.focus === name);
  if (!(heir instanceof HTMLElement)) return;
  heir.focus({ preventScroll: true });
  if (selection && (heir instanceof HTMLTextAreaElement || heir instanceof HTMLInputElement)) heir.setSelectionRange(...selection);
}

/**
 * Remember what has the focus, for when a dialog closes; it may have been drawn anew by then.
 * @returns {() => void} gives the focus back
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
    const heir = focused.isConnected || !name ? focused : root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    if (heir instanceof HTMLElement) heir.focus({ preventScroll: true });
  };
}

/**
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @returns {[number, number] | null} null for fields that hold no text
 */
function selected(field) {
  return field.selectionStart === null || field.selectionEnd === null ? null : [field.selectionStart, field.selectionEnd];
}
