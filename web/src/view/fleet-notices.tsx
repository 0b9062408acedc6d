/** What stands in the table's place, or above it, when there is something to say. No state. */
import type { FleetRoute } from '../core/app-route.ts';
import { plainLook } from '../core/fleet-look.ts';
import { useApp } from './app-context.ts';

export function NothingFound({ route }: { route: FleetRoute }) {
  const { navigate } = useApp();
  const { look } = route;
  const isText = route.text !== '';
  return (
    <div class="nothing-found">
      <p>
        No device matches{isText ? ' ' : '.'}
        {isText && <b>{route.text}</b>}
        {isText && route.filter !== 'all' && ` among those that are ${route.filter}`}
      </p>
      <button
        type="button"
        class="button"
        onClick={() =>
          navigate({ page: 'fleet', filter: 'all', text: '', look: { ...look, view: plainLook.view } }, 'replace')
        }
      >
        Show all devices
      </button>
    </div>
  );
}

export function FleetFailed() {
  const { loadFleet } = useApp();
  return (
    <section class="notice" role="alert">
      <h1>The devices could not be read</h1>
      <p>The hub did not answer as expected. Devices go on measuring and keep what the hub has not acked.</p>
      <button type="button" class="button" onClick={loadFleet}>
        Try again
      </button>
    </section>
  );
}

export function PasswordOffer() {
  const { model } = useApp();
  const session = model.session.value;
  if (session.state !== 'signed-in' || session.passwordSet) return null;
  return (
    <p class="offer">
      <span>You are signed in by a one-time link.</span>
      <a href="/settings">Set a password</a>
    </p>
  );
}
