/** An empty fleet says how to connect the first device, and becomes the table when it comes. Owns the key it was given. */
import { useSignal } from '@preact/signals';
import { useApp } from './app-context.ts';
import { CopyText } from './copy-text.tsx';
import { LapwingMark } from './icons.tsx';
import { explain } from './sign-in-page.tsx';

export function EmptyFleet() {
  const { hub } = useApp();
  const key = useSignal<string | null>(null);
  const error = useSignal('');
  const makeKey = async () => {
    try {
      key.value = (await hub.makeEnrolmentKey('made on the empty fleet page')).key;
      error.value = '';
    } catch (failure) {
      error.value = explain(failure);
    }
  };
  const shownKey = key.value ?? 'KEY';
  return (
    <section class="empty-fleet">
      <LapwingMark size={56} />
      <h1>No device yet</h1>
      <p class="muted">A device appears here by itself, with charts, when its first reading arrives.</p>
      <ol class="steps">
        <li>
          <h2>Make an enrolment key</h2>
          <p class="muted">A device shows it once and gets a token of its own.</p>
          {key.value === null ? (
            <button type="button" class="button is-main" onClick={makeKey}>
              Make a key
            </button>
          ) : (
            <CopyText text={key.value} label="the key" />
          )}
          {error.value !== '' && (
            <p class="form-error" role="alert">
              {error.value}
            </p>
          )}
        </li>
        <li>
          <h2>Connect a machine</h2>
          <p class="muted">On a Raspberry Pi or any Linux, from a clone of Lapwing:</p>
          <CopyText text={`npx device-sim host --hub ${location.origin} --key=${shownKey}`} label="the command" />
        </li>
        <li>
          <h2>Or watch a simulated fleet</h2>
          <p class="muted">Ten boards with weather, load and faults of their own:</p>
          <CopyText
            text={`npx device-sim fleet --boards 10 --hub ${location.origin} --key=${shownKey}`}
            label="the command"
          />
        </li>
      </ol>
    </section>
  );
}
