// Runs before the page is drawn, so that the chosen theme does not appear only after the system's.

const chosen = readTheme();
if (chosen) document.documentElement.dataset["theme"] = chosen;

function readTheme(): string | null {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // storage is blocked: the system's theme is used
  }
}
