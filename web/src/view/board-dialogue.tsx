/** A dialogue of boards and Explore, which a signal opens and closes. Owns nothing. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import '../style/explore.css';
import { Dialogue } from './dialogue.tsx';

interface DialogueProps {
  readonly name: string;
  readonly isOpen: Signal<boolean>;
  readonly children: ComponentChildren;
}

export function BoardDialogue({ name, isOpen, children }: DialogueProps) {
  const close = () => {
    isOpen.value = false;
  };
  return (
    <Dialogue name={name} look="overlay pin-dialogue" close={close}>
      {children}
    </Dialogue>
  );
}
