// What changes without the focus moving is said to a screen reader here.

import { useEffect, useState } from "preact/hooks";

let tell: ((text: string) => void) | undefined;

export function announce(text: string): void {
  tell?.(text);
}

export function Live() {
  const [text, set] = useState("");
  useEffect(() => {
    // The same words twice are said twice only if they differ.
    tell = (next) => set((before) => (before === next ? `${next}\u00a0` : next));
    return () => {
      tell = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
