/** How a device stands as shape, colour and word: none of the three alone. No state. */
import { type FleetStatus, statusWords } from '../core/fleet-status.ts';

export function StatusShape({ state }: { state: FleetStatus }) {
  return (
    <svg class={`status-shape is-${state}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {state === 'online' && <circle cx="6" cy="6" r="4.5" class="fill" />}
      {state === 'late' && (
        <>
          <circle cx="6" cy="6" r="4" class="edge" />
          <path d="M6 2a4 4 0 0 1 0 8Z" class="fill" />
        </>
      )}
      {state === 'offline' && (
        <>
          <rect x="1.5" y="1.5" width="9" height="9" rx="1" class="edge" />
          <rect x="4" y="4" width="4" height="4" class="fill" />
        </>
      )}
      {state === 'asleep' && <path d="M9.9 7.6A4.6 4.6 0 0 1 4.4 2.1a4.6 4.6 0 1 0 5.5 5.5Z" class="fill" />}
      {state === 'imported' && <path d="M6 1.5v5.2M3.6 4.5 6 7l2.4-2.5M1.8 8v2.2h8.4V8" class="edge" />}
      {state === 'unknown' && <circle cx="6" cy="6" r="4" class="edge" />}
    </svg>
  );
}

export function WarningShape() {
  return (
    <svg class="status-shape is-warning" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d="M6 1.6 11 10.4H1Z" class="edge" stroke-linejoin="round" />
      <path d="M6 5v2.4M6 8.7v.6" class="edge" />
    </svg>
  );
}

export function StatusMark({ state }: { state: FleetStatus }) {
  return (
    <span class={`status is-${state}`}>
      <StatusShape state={state} />
      <span>{statusWords[state]}</span>
    </span>
  );
}
