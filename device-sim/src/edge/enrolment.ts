/**
 * Gets a device its token from the hub, by HTTP, in exchange for an enrolment key.
 *
 * Owns nothing. Every refusal becomes an Error whose message says what a person should do. Waits and retries only while the
 * hub cannot be reached or asks for patience (429, 503).
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface HubAddress {
  /** http(s)://host:port, no path. */
  readonly httpUrl: string;
  /** ws(s)://host:port/device/v1 */
  readonly deviceUrl: string;
}

/** Accepts ws, wss, http and https URLs, with or without a path. */
export function parseHubUrl(text: string): HubAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['ws:', 'wss:', 'http:', 'https:'].includes(url.protocol)) {
    throw new Error(`--hub must be a URL such as ws://127.0.0.1:7180, not "${text}"`);
  }
  const secure = url.protocol === 'wss:' || url.protocol === 'https:';
  return {
    httpUrl: `${secure ? 'https' : 'http'}://${url.host}`,
    deviceUrl: `${secure ? 'wss' : 'ws'}://${url.host}/device/v1`,
  };
}

export interface EnrolOptions {
  readonly hub: HubAddress;
  readonly key: string;
  readonly deviceId: string;
  readonly signal: AbortSignal;
  /** Why it waits: once, and again when the reason changes. */
  readonly enrolmentOnWait?: (text: string) => void;
  /** This device's token at another address, '' for none: taken when the hub knows the device already, for then the hub has moved. */
  readonly movedToken?: string;
}

export async function enrolDevice(options: EnrolOptions): Promise<string> {
  const { hub, key, deviceId, signal } = options;
  let told = '';
  for (let attempt = 0; ; attempt++) {
    const answer = await postEnrolment(hub, { key, deviceId }, signal);
    if (answer.kind === 'token') return answer.token;
    if (answer.kind === 'refused' && answer.status === 409 && options.movedToken) return options.movedToken;
    if (answer.kind === 'refused') throw new Error(explainRefusal(answer, deviceId));
    if (answer.text !== told) options.enrolmentOnWait?.(`${answer.text}: trying again`);
    told = answer.text;
    const waitMs = Math.max(answer.retryAfterMs, Math.min(15_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2));
    await sleep(waitMs, undefined, { signal });
  }
}

type Answer =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly text: string }
  | { readonly kind: 'wait'; readonly text: string; readonly retryAfterMs: number };

async function postEnrolment(
  hub: HubAddress,
  body: { key: string; deviceId: string },
  signal: AbortSignal,
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`${hub.httpUrl}/api/v1/enroll`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'wait', text: `no hub at ${hub.httpUrl} yet`, retryAfterMs: 0 };
  }
  const parsed: unknown = await response.json().catch(() => null);
  const token = readText(parsed, 'token');
  if (response.ok && token !== '') return { kind: 'token', token };
  if (response.status === 429 || response.status >= 500) {
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000 || 0;
    return { kind: 'wait', text: `the hub is busy (HTTP ${response.status})`, retryAfterMs };
  }
  const wrong = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : null;
  return { kind: 'refused', status: response.status, code: readText(wrong, 'code'), text: readText(wrong, 'message') };
}

function explainRefusal(answer: Answer & { kind: 'refused' }, deviceId: string): string {
  if (answer.status === 409) {
    return (
      `the hub already knows a device "${deviceId}", and its token is not in this state directory. Start with the --state ` +
      'directory it was enrolled with, choose another id with --id, or revoke its token in the hub and start again'
    );
  }
  if (answer.status === 401 || answer.status === 403) {
    return 'the hub does not accept this enrolment key. Its first start prints one; a signed-in person can make more';
  }
  return `enrolling "${deviceId}" failed: HTTP ${answer.status} ${answer.code} ${answer.text}`.trimEnd();
}

function readText(from: unknown, name: string): string {
  if (typeof from !== 'object' || from === null) return '';
  const value = (from as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
