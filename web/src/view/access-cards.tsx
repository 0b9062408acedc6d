/** Who may come in: enrolment keys for devices, API tokens for programs. Owns no state; secrets-card.tsx does. */
import type { EnrolmentKey } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';
import { formatMoment } from './clock-text.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { type ListedSecret, SecretsCard } from './secrets-card.tsx';

const hourMs = 3_600_000;
const lives: readonly { readonly label: string; readonly ms: number }[] = [
  { label: '1 hour', ms: hourMs },
  { label: '1 day', ms: 24 * hourMs },
  { label: '30 days', ms: 30 * 24 * hourMs },
  { label: 'for ever', ms: 0 },
];

export function EnrolmentKeysCard() {
  const { hub, nowHubMs } = useApp();
  return (
    <SecretsCard
      title="Enrolment keys"
      intro="A device shows a key once and gets a token of its own. A key that is spent, expired or removed lets no new device in; devices that came in by it stay."
      none="There is no key: no new device can enrol."
      noun="key"
      list={async () => (await hub.readEnrolmentKeys()).map((key) => describeKey(key, nowHubMs()))}
      make={async (fields) => {
        const uses = Number(fields.get('uses'));
        const lifeMs = Number(fields.get('life'));
        const wanted = {
          label: String(fields.get('label')),
          uses: uses > 0 ? uses : undefined,
          expiresMs: lifeMs > 0 ? Math.round(nowHubMs() + lifeMs) : undefined,
        };
        return (await hub.makeEnrolmentKey(wanted)).key;
      }}
      remove={(id) => hub.removeEnrolmentKey(id)}
      fields={<KeyFields />}
      confirm={(key, remove) => (
        <ConfirmButton
          label="Remove"
          spoken={`Remove the key ${key.label}`}
          question="No device can use it then."
          confirm={remove}
        />
      )}
    />
  );
}

function KeyFields() {
  return (
    <>
      <label>
        For what
        <input name="label" type="text" maxLength={100} required placeholder="workshop boards" autocomplete="off" />
      </label>
      <label>
        Devices
        <input name="uses" type="number" min={1} max={1_000_000} step={1} defaultValue="1" placeholder="any number" />
      </label>
      <label>
        Works for
        <select name="life" class="select">
          {lives.map((life) => (
            <option key={life.label} value={life.ms} selected={life.ms === 24 * hourMs}>
              {life.label}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function describeKey(key: EnrolmentKey, nowMs: number): ListedSecret {
  const isExpired = key.expiresMs !== null && key.expiresMs <= nowMs;
  const isSpent = key.usesLeft === 0;
  const uses =
    key.usesLeft === null
      ? 'any number of devices'
      : isSpent
        ? 'spent'
        : key.usesLeft === 1
          ? 'one more device'
          : `${key.usesLeft} more devices`;
  const expiry =
    key.expiresMs === null
      ? 'never expires'
      : `${isExpired ? 'expired' : 'until'} ${formatMoment(key.expiresMs, nowMs)}`;
  return { id: key.id, label: key.label, note: `${uses} · ${expiry}`, isOver: isExpired || isSpent };
}

export function ApiTokensCard() {
  const { hub, nowHubMs } = useApp();
  return (
    <SecretsCard
      title="API tokens"
      intro="A program sends one as “Authorization: Bearer …” and may read devices, history and the live feed; it may change nothing."
      none="There is no token."
      noun="token"
      list={async () =>
        (await hub.readApiTokens()).map(({ id, label, createdMs }) => ({
          id,
          label,
          note: `made ${formatMoment(createdMs, nowHubMs())}`,
          isOver: false,
        }))
      }
      make={async (fields) => (await hub.makeApiToken(String(fields.get('label')))).token}
      remove={(id) => hub.revokeApiToken(id)}
      fields={
        <label>
          For what
          <input name="label" type="text" maxLength={100} required placeholder="nightly export" autocomplete="off" />
        </label>
      }
      confirm={(token, remove) => (
        <ConfirmButton
          label="Revoke"
          spoken={`Revoke the token ${token.label}`}
          question="Its connections end at once."
          confirm={remove}
        />
      )}
    />
  );
}
