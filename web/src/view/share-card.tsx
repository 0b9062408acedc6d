/** The links that show boards: to whom, until when, and the way to end each. Owns the list. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import '../style/preferences.css';
import { BoardClient, type ShareInfo } from '../edge/board-client.ts';
import { useApp } from './app-context.ts';
import { formatFull } from './clock-text.ts';
import { ConfirmButton } from './confirm-button.tsx';

type Load = { readonly kind: 'loading' | 'failed' } | { readonly kind: 'ready'; readonly shares: readonly ShareInfo[] };

export function ShareCard() {
  const { nowHubMs } = useApp();
  const client = useMemo(() => new BoardClient(), []);
  const state = useSignal<Load>({ kind: 'loading' });
  const load = async () => {
    const shares = await client.listShares().catch(() => null);
    state.value = shares === null ? { kind: 'failed' } : { kind: 'ready', shares };
  };
  useEffect(() => void load(), []);
  const now = state.value;
  return (
    <section class="card" id="shares">
      <h2>Share links</h2>
      {now.kind === 'failed' && (
        <p class="form-error" role="alert">
          The links could not be read.{' '}
          <button type="button" class="button" onClick={() => void load()}>
            Try again
          </button>
        </p>
      )}
      {now.kind === 'ready' && now.shares.length === 0 && (
        <p class="muted">Nobody has a link. A board has “Share…”, to show it and nothing else of the hub.</p>
      )}
      {now.kind === 'ready' && now.shares.length > 0 && (
        <ul class="share-list">
          {now.shares.map((share) => (
            <li key={share.id}>
              <span>
                <b>{share.label}</b> sees{' '}
                {share.boardTitle === null ? (
                  'nothing: the board is gone'
                ) : (
                  <a href={`/board/${encodeURIComponent(share.board)}`}>{share.boardTitle}</a>
                )}
                <span class="muted" title={formatFull(share.expiresMs)}>
                  {' '}
                  {sayDaysLeft(share.expiresMs - nowHubMs())}
                </span>
              </span>
              <ConfirmButton
                label="Revoke"
                spoken={`Revoke the link of ${share.label}`}
                question="Whoever looks at it is cut off."
                confirm={async () => {
                  await client.revokeShare(share.id).catch(() => undefined);
                  await load();
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function sayDaysLeft(leftMs: number): string {
  if (leftMs <= 0) return 'no longer';
  const days = Math.ceil(leftMs / 86_400_000);
  return days === 1 ? 'until tomorrow at most' : `for ${days} more days`;
}
