/** A button that asks once more, in its own place, before it does what cannot be undone. Owns whether it is asking. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import '../style/access.css';

interface ConfirmProps {
  readonly label: string;
  /** What a screen reader says in place of the label alone. */
  readonly spoken: string;
  readonly question: string;
  readonly confirm: () => Promise<void>;
}

export function ConfirmButton({ label, spoken, question, confirm }: ConfirmProps) {
  const state = useSignal<'calm' | 'asking' | 'busy'>('calm');
  const box = useRef<HTMLElement>(null);
  const wasAsking = useRef(false);
  const isAsking = state.value !== 'calm';
  useLayoutEffect(() => {
    // Asking, the focus goes to the harmless answer; afterwards back to where it was.
    if (isAsking || wasAsking.current) box.current?.querySelector<HTMLElement>('[data-first]')?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  const confirmOnClick = async () => {
    state.value = 'busy';
    await confirm();
    state.value = 'calm';
  };
  if (!isAsking) {
    return (
      <span ref={box as { current: HTMLSpanElement | null }}>
        <button
          type="button"
          class="button is-small"
          data-first
          aria-label={spoken}
          onClick={() => {
            state.value = 'asking';
          }}
        >
          {label}
        </button>
      </span>
    );
  }
  return (
    <fieldset
      class="confirm"
      ref={box as { current: HTMLFieldSetElement | null }}
      aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        state.value = 'calm';
      }}
    >
      <span>{question}</span>
      <button
        type="button"
        class="button is-small is-danger"
        disabled={state.value === 'busy'}
        onClick={confirmOnClick}
      >
        {label}
      </button>
      <button
        type="button"
        class="button is-small"
        data-first
        onClick={() => {
          state.value = 'calm';
        }}
      >
        Keep
      </button>
    </fieldset>
  );
}
