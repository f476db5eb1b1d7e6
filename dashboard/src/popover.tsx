import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface PopoverProps {
  class?: string;
  /** What it chooses, such as "State". */
  label: string;
  /** Whether the label is shown, or is only for screen readers. */
  labelShown?: boolean;
  /** What is chosen. */
  text: ComponentChildren;
  set: boolean;
  /** Called when it opens, with the element that has its content. */
  opened?: (box: HTMLElement) => void;
  children: ComponentChildren;
}

/** A button that opens a choice below it. Escape, a click elsewhere and the next Tab close it. */
export function Popover({ class: name = "", label, labelShown = true, text, set, opened, children }: PopoverProps) {
  const box = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  const [atEnd, setAtEnd] = useState(false);
  const close = () => {
    if (box.current) box.current.open = false;
  };
  useEffect(() => {
    if (!open) return;
    const elsewhere = ({ target }: PointerEvent) => {
      if (target instanceof Node && !box.current?.contains(target)) close();
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  // Before it is painted, and when the window changes: it must not be cut off.
  useLayoutEffect(() => {
    if (!open) return;
    const place = () => {
      const left = box.current?.getBoundingClientRect().left ?? 0;
      const width = box.current?.lastElementChild?.getBoundingClientRect().width ?? 0;
      setAtEnd(left + width > document.documentElement.clientWidth);
    };
    place();
    addEventListener("resize", place);
    return () => removeEventListener("resize", place);
  }, [open]);
  return (
    <details
      ref={box}
      class={`several ${name} ${atEnd ? "at-end" : ""}`}
      onToggle={() => {
        const now = box.current?.open === true;
        setOpen(now);
        if (now && box.current) opened?.(box.current);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !box.current?.open) return;
        close();
        box.current.querySelector("summary")?.focus();
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget)) close();
      }}
    >
      <summary class={set ? "set" : undefined}>
        <span class={labelShown ? "name" : "visually-hidden"}>
          {label}
          <span class="visually-hidden">: </span>
        </span>
        <span class="chosen">{text}</span>
      </summary>
      {children}
    </details>
  );
}
