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
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @returns {[number, number] | null} null for fields that hold no text
 */
function selected(field) {
  return field.selectionStart === null || field.selectionEnd === null ? null : [field.selectionStart, field.selectionEnd];
}
