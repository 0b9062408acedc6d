/** A modal dialogue of the browser's own. Owns nothing; closing gives the focus back to where it was. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import '../style/explore.css';

interface DialogueProps {
  readonly name: string;
  readonly isOpen: Signal<boolean>;
  readonly children: ComponentChildren;
}

export function BoardDialogue({ name, isOpen, children }: DialogueProps) {
  const element = useRef<HTMLDialogElement>(null);
  const close = () => {
    isOpen.value = false;
  };
  useLayoutEffect(() => {
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
      class="overlay pin-dialogue"
      aria-label={name}
      onCancel={close}
      onClose={close}
      onPointerDown={(event) => event.target === element.current && close()}
    >
      {children}
    </dialog>
  );
}
