/** A line of code with a button that copies it. Owns the short "Copied". */
import { useSignal } from '@preact/signals';

export function CopyText({ text, label }: { text: string; label: string }) {
  const copied = useSignal('');
  const buttonOnClick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = text;
    } catch {
      copied.value = ''; // Without HTTPS a browser may forbid the clipboard: the text can still be selected.
    }
  };
  return (
    <div class="copy-text">
      <code>{text}</code>
      <button type="button" class="button" aria-label={`Copy ${label}`} onClick={buttonOnClick}>
        {copied.value === text ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
