/**
 * The inbox and the bridges as typed functions: the part of the hub's API that only their pages use. Owns no state. Invariant as in
 * hub-client.ts: an answer is a value or a `HubRefusal`, word for word what the hub said.
 */
import type { MetricKind } from '@lapwing/protocol';
import { HubRefusal } from './hub-client.ts';

export interface WaitingDevice {
  readonly id: string;
  /** '' where nobody here reads what it says. */
  readonly dialect: string;
  readonly native: string;
  readonly facts: Readonly<Record<string, string>>;
  /** What it would be called. */
  readonly deviceId: string | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly messages: number;
  readonly intervalMs: number | null;
  readonly lastTopic: string;
  readonly lastPayload: string;
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    readonly kind: MetricKind;
    readonly latest: number | string | null;
  }[];
}

/** Whose word is passed over. */
export interface BlockedDevice {
  readonly id: string;
  readonly dialect: string;
  readonly native: string;
}

export interface MqttBridge {
  readonly id: string;
  readonly isOn: boolean;
  readonly url: string;
  readonly username: string;
  readonly read: readonly string[];
  readonly homeAssistantPrefix: string;
}
export interface BridgeState {
  readonly prometheus: boolean;
  readonly mqtt: readonly (MqttBridge & { readonly hasPassword: boolean })[];
  readonly health: readonly {
    readonly id: string;
    readonly state: 'off' | 'connecting' | 'connected' | 'waiting';
    readonly sinceMs: number;
    readonly error: string;
    readonly messagesIn: number;
    readonly messagesOut: number;
  }[];
}
export interface BridgeWish {
  readonly prometheus: boolean;
  /** A password left out stays as it was. */
  readonly mqtt: readonly (MqttBridge & { readonly password?: string })[];
}

export class InboxClient {
  async listWaiting(): Promise<readonly WaitingDevice[]> {
    return (await call<{ devices: WaitingDevice[] }>('GET', '/inbox')).devices;
  }
  async adopt(id: string, deviceId: string): Promise<string> {
    return (await call<{ deviceId: string }>('POST', '/inbox/adopt', { id, deviceId })).deviceId;
  }
  async block(id: string): Promise<void> {
    await call('POST', '/inbox/block', { id });
  }
  async listBlocked(): Promise<readonly BlockedDevice[]> {
    return (await call<{ blocked: BlockedDevice[] }>('GET', '/inbox/blocked')).blocked;
  }
  async unblock(id: string): Promise<void> {
    await call('POST', '/inbox/unblock', { id });
  }
  readBridges(): Promise<BridgeState> {
    return call('GET', '/bridges');
  }
  setBridges(wish: BridgeWish): Promise<BridgeState> {
    return call('PUT', '/bridges', wish);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = response.status === 204 ? undefined : ((await response.json()) as unknown);
  if (response.ok) return answer as T;
  const unknown = { code: 'failed', message: `The hub answered ${response.status}`, advice: '' };
  throw new HubRefusal(response.status, (answer as { error?: typeof unknown } | undefined)?.error ?? unknown, answer);
}
