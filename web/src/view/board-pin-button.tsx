/** The button behind "Pin to…". Owns whether the dialogue is open, which is loaded when it first is. */
import { useSignal } from '@preact/signals';
import { nameTile, type PinDraft } from '../core/board-content.ts';
import { useDeviceNames } from './device-names.ts';
import { PinIcon } from './icons.tsx';
import { makeLazyPage } from './make-lazy-page.tsx';

const lazyDialogue = makeLazyPage(async () => (await import('./board-pin.tsx')).PinDialogue);

/** `isBare`: an icon, where there is no room for words. */
export function PinButton({ drafts, isBare }: { drafts: readonly PinDraft[]; isBare?: boolean }) {
  const isOpen = useSignal(false);
  const names = useDeviceNames();
  const open = () => {
    isOpen.value = true;
  };
  return (
    <>
      {isBare === true ? (
        <button
          type="button"
          class="icon-button pin-button"
          aria-label={`Pin ${drafts.map((draft) => nameTile(draft, names)).join(', ')} to a board`}
          title="Pin to a board"
          onClick={open}
        >
          <PinIcon />
        </button>
      ) : (
        <button type="button" class="button is-small" onClick={open}>
          Pin to…
        </button>
      )}
      {isOpen.value && <lazyDialogue.Page drafts={drafts} isOpen={isOpen} />}
    </>
  );
}
