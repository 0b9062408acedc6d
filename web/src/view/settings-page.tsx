/** Settings that exist today: who may come in, the theme, the password, and signing out. Owns the password form's state. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import '../style/access.css';
import { ApiTokensCard, EnrolmentKeysCard } from './access-cards.tsx';
import { useApp } from './app-context.ts';
import { BridgesCard } from './bridges-card.tsx';
import { PreferencesCard } from './preferences-card.tsx';
import { ShareCard } from './share-card.tsx';
import { explain } from './sign-in-page.tsx';

export function SettingsPage() {
  const { model, leave } = useApp();
  const session = model.session.value;
  const user = session.state === 'signed-in' ? session.user : '';
  // Who has none yet came for it, more often than not; it stays where it is once it is set.
  const isFirst = useMemo(() => session.state === 'signed-in' && !session.passwordSet, [session.state]);
  return (
    <div class="settings">
      <h1>Settings</h1>
      <div class="settings-column">
        <EnrolmentKeysCard />
        <ApiTokensCard />
        <ShareCard />
        <BridgesCard />
      </div>
      <div class="settings-column">
        {isFirst && <PasswordCard />}
        <PreferencesCard />
        {!isFirst && <PasswordCard />}
        <section class="card">
          <h2>Session</h2>
          <p>
            Signed in as <strong>{user}</strong>.
          </p>
          <button type="button" class="button" onClick={leave}>
            Sign out
          </button>
        </section>
      </div>
    </div>
  );
}

function PasswordCard() {
  const { model, hub } = useApp();
  const session = model.session.value;
  const note = useSignal<{ kind: 'error' | 'done'; text: string } | null>(null);
  const busy = useSignal(false);
  if (session.state !== 'signed-in') return null;
  const formOnSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const password = String(new FormData(form).get('password'));
    busy.value = true;
    try {
      await hub.setPassword(password);
      form.reset();
      note.value = { kind: 'done', text: 'The password is set.' };
      model.session.value = { ...session, passwordSet: true };
    } catch (failure) {
      note.value = { kind: 'error', text: explain(failure) };
    }
    busy.value = false;
  };
  return (
    <section class="card" id="password">
      <h2>{session.passwordSet ? 'Change the password' : 'Set a password'}</h2>
      <p class="muted">
        With a password you can sign in from any browser without a one-time link. At least 10 characters.
      </p>
      <form class="inline-form" onSubmit={formOnSubmit}>
        <input type="text" name="user" autocomplete="username" value={session.user} readOnly hidden />
        <input
          name="password"
          type="password"
          autocomplete="new-password"
          minLength={10}
          required
          aria-label="New password"
        />
        <button class="button is-main" type="submit" disabled={busy.value}>
          {session.passwordSet ? 'Change' : 'Set'}
        </button>
      </form>
      {note.value !== null && (
        <p class={note.value.kind === 'error' ? 'form-error' : 'form-done'} role="status">
          {note.value.text}
        </p>
      )}
    </section>
  );
}
