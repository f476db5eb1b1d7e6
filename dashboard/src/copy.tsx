import { useEffect, useState } from "preact/hooks";
import { announce } from "./live";

const NOTE_MS = 4000;

interface CopyProps {
  text: () => string;
  /** What is copied, within a sentence: "command". */
  what: string;
  children: string;
  class?: string;
  /** Called if the browser does not allow copying. Returns what to do instead. */
  otherwise: () => string;
}

/** The button that copies a text unchanged. */
export function Copy({ text, what, children, class: name, otherwise }: CopyProps) {
  const [note, setNote] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setNote("Copied");
      announce(`The ${what} was copied.`);
    } catch {
      setNote(otherwise());
    }
  };
  useEffect(() => {
    if (!note) return;
    const timer = setTimeout(() => setNote(""), NOTE_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return (
    <button type="button" class={name} onClick={() => void copy()}>
      {note || children}
      {!name && <span class="visually-hidden"> {what}</span>}
    </button>
  );
}
