import { useState } from "preact/hooks";

const THEMES = { system: "System theme", light: "Light theme", dark: "Dark theme" };

/** The choice of a theme: the system's, or one that the browser remembers (theme-early.ts applies it). */
export function ThemeChoice() {
  const [theme, set] = useState(document.documentElement.dataset["theme"] ?? "system");
  const choose = (name: string) => {
    set(name);
    const root = document.documentElement;
    if (name === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = name;
    try {
      if (name === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", name);
    } catch {
      // storage is blocked: the choice lasts until the page is closed
    }
  };
  return (
    <label class="theme">
      <span class="visually-hidden">Theme</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value)}>
        {Object.entries(THEMES).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
