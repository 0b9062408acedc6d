/**
 * A dialogue over the page: it takes the focus, gives it back to where it was, and closes by Escape or a press beside it. Owns nothing
 * but its element; whether it is open is its caller's.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface DialogueProps {
  readonly name: string;
  /** Classes of its box. */
  readonly look: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialogue({ name, look, close, children }: DialogueProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    // Its own way of giving the focus back is lost when it leaves the page.
    const before = document.activeElement as HTMLElement | null;
    const dialogue = element.current!;
    dialogue.showModal();
    return () => {
      dialogue.close();
      before?.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={look}
      aria-label={name}
      onCancel={close}
      onClose={close}
      onPointerDown={(event) => event.target === element.current && close()}
    >
      {children}
    </dialog>
  );
}
