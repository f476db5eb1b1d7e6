import { useState } from "preact/hooks";

const THEMES = { system: "System", light: "Light", dark: "Dark" };

/** The system's theme, or one that is chosen here and kept. */
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
      // storage is blocked: it holds until the page is left
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
