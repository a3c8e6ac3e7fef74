// @ts-check
// Sets the theme: the system's, until the visitor chooses one with the button.

const KEPT = "casebook-theme";

/** @param {HTMLButtonElement} button */
export function setUpTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = read();
  const show = () => {
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    const dark = chosen ? chosen === "dark" : system.matches;
    button.textContent = dark ? "☀ Light" : "☾ Dark";
    button.setAttribute("aria-label", dark ? "Switch to light colours" : "Switch to dark colours");
  };
  button.addEventListener("click", () => {
    const dark = chosen ? chosen === "dark" : system.matches;
    chosen = dark ? "light" : "dark";
    write(chosen);
    show();
  });
  system.addEventListener("change", show);
  show();
}

/** @returns {string} */
function read() {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === "dark" || kept === "light" ? kept : "";
  } catch {
    return "";
  }
}

/** @param {string} theme */
function write(theme) {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}
