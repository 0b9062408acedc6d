/**
 * A dialogue over the page: it takes the focus, keeps it, gives it back to where it was, and closes by Escape or a press beside it. Owns
 * nothing but its element; whether it is open is its caller's.
 *
 * It stands on a popover and is not shown as modal by the browser: that makes the page inert, and to open or to close it then costs the
 * style of every element of the page, which is most of what the key waits for.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import '../style/overlay.css';

interface DialogueProps {
  readonly name: string;
  /** Classes of its box. */
  readonly look: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialogue({ name, look, close, children }: DialogueProps) {
  const ground = useRef<HTMLDivElement>(null);
  const element = useRef<HTMLDialogElement>(null);
  const closing = useRef(close);
  closing.current = close;
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialogue = element.current!;
    ground.current!.showPopover?.();
    dialogue.show();
    const keyOnDown = (event: KeyboardEvent) => {
      // Of two, one over the other, the upper one hears it.
      if (event.defaultPrevented || event.isComposing || listOpen().at(-1) !== dialogue) return;
      if (event.key === 'Escape') closing.current();
      else if (event.key !== 'Tab' || !keepFocus(dialogue, event.shiftKey)) return;
      event.preventDefault();
    };
    document.addEventListener('keydown', keyOnDown);
    return () => {
      document.removeEventListener('keydown', keyOnDown);
      before?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div
      ref={ground}
      class="dialogue-ground"
      popover="manual"
      onPointerDown={(event) => event.target === ground.current && close()}
    >
      <dialog ref={element} class={look} aria-label={name} aria-modal="true">
        {children}
      </dialog>
    </div>
  );
}

function listOpen(): HTMLDialogElement[] {
  return [...document.querySelectorAll<HTMLDialogElement>('dialog[open]')];
}

/** From the last on to the first and back, and in from wherever the focus fell to. False: the browser's own next is inside. */
function keepFocus(dialogue: HTMLElement, isBack: boolean): boolean {
  const stops = [...dialogue.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, [tabindex="0"]')];
  const open = stops.filter((stop) => stop.tabIndex >= 0 && !stop.matches(':disabled') && stop.checkVisibility());
  const [from, to] = isBack ? [open[0], open.at(-1)] : [open.at(-1), open[0]];
  if (document.activeElement !== from && dialogue.contains(document.activeElement)) return false;
  to?.focus();
  return true;
}
