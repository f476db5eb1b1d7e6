// Tells screen readers about changes that do not move the focus.

import { useEffect, useState } from "preact/hooks";

let say: ((text: string) => void) | undefined;

export function announce(text: string): void {
  say?.(text);
}

/** The live region. The page has one. */
export function Live() {
  const [text, set] = useState("");
  useEffect(() => {
    // A screen reader says a text again only if it differs from the one before.
    say = (next) => set((before) => (before === next ? `${next}\u00a0` : next));
    return () => {
      say = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
