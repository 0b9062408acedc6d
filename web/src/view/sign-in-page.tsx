/** Signing in: by the one-time link, or by name and password where one is set. Owns the form's fields and its error. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fleetRoute } from '../core/app-route.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';
import { LapwingMark } from './icons.tsx';

export function SignInPage() {
  const { model, hub, enter, navigate } = useApp();
  const route = model.route.value;
  const session = model.session.value;
  const link = route.page === 'sign-in' ? route.link : '';
  const linkState = useSignal<'none' | 'trying' | 'refused'>(link === '' ? 'none' : 'trying');
  const error = useSignal('');
  useEffect(() => {
    if (link === '') {
      if (session.state === 'signed-in') navigate(fleetRoute, 'replace');
      return;
    }
    // The fragment leaves the address bar and the history before anything else can see it.
    navigate({ page: 'sign-in', link: '' }, 'replace');
    linkState.value = 'trying';
    hub.openSession({ link }).then(enter, (failure: unknown) => {
      linkState.value = 'refused';
      error.value = explain(failure);
    });
  }, [link]);
  if (linkState.value === 'trying') {
    return (
      <main class="sign-in" aria-busy="true">
        <LapwingMark size={48} />
        <p role="status">Signing in…</p>
      </main>
    );
  }
  const passwords = session.state === 'signed-out' ? session.passwords : 'no';
  return (
    <main class="sign-in">
      <LapwingMark size={48} />
      <h1>Sign in to Lapwing</h1>
      {linkState.value === 'refused' && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
      {passwords !== 'no' && <PasswordForm />}
      <div class="sign-in-link">
        <p>
          {passwords === 'no'
            ? 'Nobody has set a password yet. On the machine that runs the hub, run'
            : 'No password? On the machine that runs the hub, run'}
        </p>
        <pre>
          <code>npx lapwing sign-in-link</code>
        </pre>
        <p>
          and open the link it prints. It works once. A hub that keeps its data elsewhere is named with{' '}
          <code>--data DIR</code>.
        </p>
      </div>
    </main>
  );
}

function PasswordForm() {
  const { hub, enter } = useApp();
  const busy = useSignal(false);
  const error = useSignal('');
  const formOnSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    error.value = '';
    try {
      enter(await hub.openSession({ user: String(fields.get('user')), password: String(fields.get('password')) }));
    } catch (failure) {
      error.value = explain(failure);
    }
    busy.value = false;
  };
  return (
    <form class="sign-in-form" onSubmit={formOnSubmit}>
      <label>
        Name
        <input
          name="user"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          defaultValue="owner"
          required
        />
      </label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <p class="form-error" role="alert">
        {error.value}
      </p>
      <button class="button is-main" type="submit" disabled={busy.value}>
        Sign in
      </button>
    </form>
  );
}

export function explain(failure: unknown): string {
  if (failure instanceof HubRefusal) return `${endSentence(failure.message)} ${failure.advice}`.trim();
  return 'The hub does not answer. Check that it is running, then try again.';
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
