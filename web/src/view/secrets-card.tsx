/**
 * A list of secrets with a form that makes one: enrolment keys and API tokens look and behave alike.
 *
 * Owns the list as the hub told it, and the secret just made until it is put away. Invariant: a secret is on the screen once,
 * when it is made; the list holds only names.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { CopyText } from './copy-text.tsx';
import { explain } from './sign-in-page.tsx';

export interface ListedSecret {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  readonly isOver: boolean;
}

interface SecretsProps {
  readonly title: string;
  readonly intro: string;
  readonly none: string;
  readonly noun: string;
  readonly list: () => Promise<readonly ListedSecret[]>;
  readonly make: (fields: FormData) => Promise<string>;
  readonly remove: (id: string) => Promise<void>;
  readonly fields: ComponentChildren;
  readonly confirm: (secret: ListedSecret, remove: () => Promise<void>) => ComponentChildren;
}

export function SecretsCard(props: SecretsProps) {
  const { title, intro, noun, list, make, remove } = props;
  const secrets = useSignal<readonly ListedSecret[] | null>(null);
  const made = useSignal<string | null>(null);
  const error = useSignal('');
  const busy = useSignal(false);
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      error.value = '';
      secrets.value = await list();
    } catch (failure) {
      error.value = explain(failure);
    }
  };
  useEffect(() => void attempt(async () => undefined), []);
  const formOnSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    busy.value = true;
    await attempt(async () => {
      made.value = await make(new FormData(form));
      form.reset();
    });
    busy.value = false;
  };
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <p class="muted">{intro}</p>
      {made.value !== null && (
        <div class="made-secret" role="status">
          <p>
            <strong>Copy it now.</strong> The hub keeps only a hash, so this {noun} is shown this once.
          </p>
          <CopyText text={made.value} label={`the new ${noun}`} />
          <button
            type="button"
            class="button is-small"
            onClick={() => {
              made.value = null;
            }}
          >
            I have it
          </button>
        </div>
      )}
      <SecretList {...props} secrets={secrets.value} drop={(id) => attempt(() => remove(id))} />
      <form class="make-form" onSubmit={formOnSubmit}>
        {props.fields}
        <button class="button is-main" type="submit" disabled={busy.value}>
          Make a {noun}
        </button>
      </form>
      {error.value !== '' && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
    </section>
  );
}

function SecretList(
  props: SecretsProps & { secrets: readonly ListedSecret[] | null; drop: (id: string) => Promise<void> },
) {
  const { secrets, none, title, confirm, drop } = props;
  if (secrets === null) return <p class="muted">Reading…</p>;
  if (secrets.length === 0) return <p>{none}</p>;
  return (
    <ul class="secrets" aria-label={`${title}, listed`}>
      {secrets.map((secret) => (
        <li key={secret.id} class={secret.isOver ? 'secret is-over' : 'secret'}>
          <span class="secret-label">{secret.label}</span>
          <span class="secret-note">{secret.note}</span>
          {confirm(secret, () => drop(secret.id))}
        </li>
      ))}
    </ul>
  );
}
