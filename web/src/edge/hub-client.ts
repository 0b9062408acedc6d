/**
 * The hub's HTTP API as typed functions: with public/start.js the only file of the page that calls `fetch`.
 *
 * Owns no state but the handler told of a lost session. Invariant: an answer is a value or a `HubRefusal`, never a thrown
 * string; what the hub says about an error (message, advice) is kept word for word.
 */
import type { EventLevel, MetricKind } from '@lapwing/protocol';
import type { HistoryAnswer } from '../core/device-timeline.ts';
import type { BriefFacts, DeviceFacts } from '../core/feed-state.ts';
import type { Completeness, DeclaredGap } from '../core/gap-cause.ts';
import { columnsType, decodeColumns } from '../core/history-columns.ts';
import type { Film, FilmRequest } from '../core/rewind-reel.ts';
import { takeEarly } from './early-answers.ts';

export class HubRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string;
  readonly body: unknown;

  constructor(status: number, error: { code: string; message: string; advice: string }, body: unknown) {
    super(error.message);
    this.name = 'HubRefusal';
    this.status = status;
    this.code = error.code;
    this.advice = error.advice;
    this.body = body;
  }
}

export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly serverMs: number;
  readonly version: string;
  readonly store: {
    readonly state: 'ok' | 'unavailable';
    readonly code: string;
    readonly message: string;
    readonly sinceMs: number;
  };
}

export interface StoredEvent {
  readonly atMs: number;
  readonly arrivedMs: number;
  readonly level: EventLevel;
  readonly code: string;
  readonly text: string;
}

/** As listed: the key itself is told once, when it is made. */
export interface EnrolmentKey {
  readonly id: string;
  readonly label: string;
  readonly createdMs: number;
  /** Null: never. */
  readonly expiresMs: number | null;
  /** Null: any number. */
  readonly usesLeft: number | null;
}

export interface ApiToken {
  readonly id: string;
  readonly label: string;
  readonly createdMs: number;
}

export interface HistoryRequest {
  readonly device: string;
  readonly metrics: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: number;
}

export interface HistoryReply extends HistoryAnswer {
  readonly series: readonly (HistoryAnswer['series'][number] & {
    readonly name: string;
    readonly unit: string;
    readonly kind: MetricKind;
  })[];
}

/** What people wrote on a device. */
export interface DeviceText {
  readonly label: string;
  readonly tags: readonly string[];
}

export interface SessionReply {
  readonly user: string;
  readonly passwordSet: boolean;
}

export class HubClient {
  /** Called when the hub answers 401 to somebody who was signed in. */
  clientOnSignedOut: () => void = () => undefined;

  /** A degraded hub answers 503 with the same body: that is an answer, not a failure. */
  async readHealth(): Promise<Health> {
    const response = await fetch('/api/v1/health', { headers: { accept: 'application/json' } });
    return (await response.json()) as Health;
  }

  /** Which ways of signing in exist now: a password form makes no sense before somebody has set one. */
  readSignInWays(): Promise<{ link: boolean; password: boolean; signedIn: boolean }> {
    return this.call('GET', '/api/v1/sign-in-ways');
  }
  readSession(): Promise<SessionReply> {
    return this.call('GET', '/api/v1/session');
  }
  openSession(proof: { link: string } | { user: string; password: string }): Promise<SessionReply> {
    return this.call('POST', '/api/v1/session', { body: proof });
  }
  async closeSession(): Promise<void> {
    await this.call('DELETE', '/api/v1/session');
  }
  async setPassword(password: string): Promise<void> {
    await this.call('POST', '/api/v1/account/password', { body: { password } });
  }
  async readEnrolmentKeys(): Promise<readonly EnrolmentKey[]> {
    return (await this.call<{ keys: readonly EnrolmentKey[] }>('GET', '/api/v1/enrolment-keys')).keys;
  }
  /** `uses` and `expiresMs` left out: any number of devices, for ever. */
  makeEnrolmentKey(wanted: {
    label: string;
    uses?: number | undefined;
    expiresMs?: number | undefined;
  }): Promise<{ id: string; key: string }> {
    return this.call('POST', '/api/v1/enrolment-keys', { body: wanted });
  }
  async removeEnrolmentKey(id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/enrolment-keys/${encodeURIComponent(id)}`);
  }
  async readApiTokens(): Promise<readonly ApiToken[]> {
    return (await this.call<{ tokens: readonly ApiToken[] }>('GET', '/api/v1/tokens')).tokens;
  }
  makeApiToken(label: string): Promise<{ id: string; token: string }> {
    return this.call('POST', '/api/v1/tokens', { body: { label } });
  }
  async revokeApiToken(id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`);
  }
  /** Holes that a device declared, each with its cause. */
  async readGaps(id: string): Promise<readonly DeclaredGap[]> {
    return (await this.call<{ gaps: readonly DeclaredGap[] }>('GET', `/api/v1/devices/${encodeURIComponent(id)}/gaps`))
      .gaps;
  }
  readDevices(): Promise<{ serverMs: number; devices: DeviceFacts[] }> {
    return this.call('GET', '/api/v1/devices');
  }
  /** Without metrics and newest values: to look again now and then. */
  readBriefDevices(): Promise<{ serverMs: number; devices: BriefFacts[] }> {
    return this.call('GET', '/api/v1/devices?metrics=false');
  }
  setDeviceNotes(id: string, notes: DeviceText): Promise<DeviceText> {
    return this.call('PUT', `/api/v1/devices/${encodeURIComponent(id)}/notes`, { body: notes });
  }
  /** Its link ends, and only an enrolment key lets it in again. */
  async revokeCredential(id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/devices/${encodeURIComponent(id)}/token`);
  }
  /** Of all of them or of none; at most 500 devices. */
  async editTags(edit: {
    devices: readonly string[];
    add: readonly string[];
    remove: readonly string[];
  }): Promise<readonly (DeviceText & { readonly id: string })[]> {
    const path = '/api/v1/device-tags';
    return (await this.call<{ devices: (DeviceText & { id: string })[] }>('POST', path, { body: edit })).devices;
  }
  readDevice(id: string): Promise<DeviceFacts> {
    return this.call('GET', `/api/v1/devices/${encodeURIComponent(id)}`);
  }
  async readEvents(id: string, limit: number): Promise<readonly StoredEvent[]> {
    const path = `/api/v1/devices/${encodeURIComponent(id)}/events?limit=${limit}`;
    return (await this.call<{ events: readonly StoredEvent[] }>('GET', path)).events;
  }
  /** What came of a stretch, and why the rest did not. */
  readCompleteness(id: string, fromMs: number, toMs: number): Promise<Completeness> {
    const query = `from=${Math.floor(fromMs)}&to=${Math.ceil(toMs)}`;
    return this.call('GET', `/api/v1/devices/${encodeURIComponent(id)}/completeness?${query}`);
  }
  readHistory(request: HistoryRequest, signal?: AbortSignal): Promise<HistoryReply> {
    const query = new URLSearchParams({
      device: request.device,
      metrics: request.metrics.join(','),
      from: String(request.fromMs),
      to: String(request.toMs),
      buckets: String(request.buckets),
      align: 'grid',
    });
    return this.call('GET', `/api/v1/history?${query}`, { signal, accept: columnsType });
  }

  /** The fleet at an instant of the past, and what changed at the steps behind it; `devices` empty: all. */
  async readFleetAt(request: FilmRequest & { devices: readonly string[] }, signal?: AbortSignal): Promise<Film> {
    const { fromMs, steps, stepMs, roughMs, devices } = request;
    const query = new URLSearchParams({ time: String(fromMs), steps: String(steps), step: String(stepMs) });
    if (roughMs > 0) query.set('rough', String(roughMs));
    if (devices.length > 0) query.set('device', devices.join(','));
    const path = `/api/v1/fleet/at?${query}`;
    const answer = await this.call<Film & { series: readonly Film[] }>('GET', path, { signal, accept: columnsType });
    return { ...answer, ...answer.series[0]!, devices: answer.devices, instants: answer.instants, texts: answer.texts };
  }

  /** Sample times of one metric's readings in a stretch, at most 10,000. */
  async readTimes(
    stretch: { device: string; metric: number; fromMs: number; toMs: number },
    signal?: AbortSignal,
  ): Promise<number[]> {
    const query = new URLSearchParams({
      device: stretch.device,
      metric: String(stretch.metric),
      from: String(stretch.fromMs),
      to: String(stretch.toMs),
      limit: '10000',
    });
    return (await this.call<{ timesMs: number[] }>('GET', `/api/v1/readings?${query}`, { signal })).timesMs;
  }

  private async call<T>(
    method: string,
    path: string,
    more: { readonly body?: unknown; readonly signal?: AbortSignal | undefined; readonly accept?: string } = {},
  ): Promise<T> {
    const { body, signal, accept = 'application/json' } = more;
    const early = method === 'GET' ? await takeEarly(path) : null;
    const response =
      early ??
      (await fetch(path, {
        method,
        headers: body === undefined ? { accept } : { 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
      }));
    if (response.ok && response.headers.get('content-type') === columnsType) {
      return decodeColumns(await response.arrayBuffer(), (utf8) => new TextDecoder().decode(utf8)) as T;
    }
    const text = await response.text();
    const parsed = parseJson(text);
    if (response.ok) return parsed as T;
    if (response.status === 401 && path !== '/api/v1/session') this.clientOnSignedOut();
    throw new HubRefusal(response.status, readError(parsed, response.status), parsed);
  }
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readError(body: unknown, status: number): { code: string; message: string; advice: string } {
  const error = (body as { error?: { code?: string; message?: string; advice?: string } } | undefined)?.error;
  return {
    code: error?.code ?? `http-${status}`,
    message: error?.message ?? `The hub answered with status ${status}`,
    advice: error?.advice ?? '',
  };
}
