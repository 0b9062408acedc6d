/**
 * Documents, share links, and history of any series, as typed functions: the part of the hub's API that only pages loaded later use.
 *
 * Owns the secret of a share link, if the page came by one: then every request carries it, and no cookie. Invariant as in
 * hub-client.ts: an answer is a value or a `HubRefusal`, word for word what the hub said.
 */
import type { BoardContent } from '../core/board-content.ts';
import type { HistoryAnswer } from '../core/device-timeline.ts';
import type { DeviceFacts } from '../core/feed-state.ts';
import { columnsType, decodeColumns } from '../core/history-columns.ts';
import type { Preferences } from '../core/preferences.ts';
import { HubRefusal } from './hub-client.ts';

export interface ContentOf {
  readonly board: BoardContent;
  readonly preferences: Preferences;
}
export interface DocumentInfo {
  readonly id: string;
  readonly title: string;
  /** For everybody; else for its owner alone. */
  readonly shared: boolean;
  readonly revision: number;
  readonly changedMs: number;
}
export interface HubDocument<K extends keyof ContentOf> extends DocumentInfo {
  readonly content: ContentOf[K];
}
export interface ShareInfo {
  readonly id: string;
  readonly label: string;
  readonly board: string;
  /** Null: the board is gone. */
  readonly boardTitle: string | null;
  readonly createdMs: number;
  readonly expiresMs: number;
}
export interface SharedBoard {
  readonly title: string;
  readonly revision: number;
  readonly content: BoardContent;
  readonly expiresMs: number;
  readonly serverMs: number;
  readonly devices: readonly DeviceFacts[];
}
export interface SeriesRequest {
  readonly series: readonly { readonly device: string; readonly metric: number }[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: number;
}
export interface SeriesReply extends HistoryAnswer {
  readonly series: readonly (HistoryAnswer['series'][number] & { readonly device: string })[];
}

interface Sending {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class BoardClient {
  private readonly secret: string;

  /** `secret` of a share link; '' for whoever is signed in. */
  constructor(secret = '') {
    this.secret = secret;
  }

  readHistory(request: SeriesRequest, signal: AbortSignal): Promise<SeriesReply> {
    const query = new URLSearchParams({
      series: request.series.map(({ device, metric }) => `${device}:${metric}`).join(','),
      from: String(request.fromMs),
      to: String(request.toMs),
      buckets: String(request.buckets),
      align: 'grid',
    });
    return this.call('GET', `/api/v1/history?${query}`, { signal, headers: { accept: columnsType } });
  }

  async listDocuments<K extends keyof ContentOf>(kind: K): Promise<readonly HubDocument<K>[]> {
    return (await this.call<{ documents: readonly HubDocument<K>[] }>('GET', `/api/v1/documents/${kind}?content=true`))
      .documents;
  }
  readDocument<K extends keyof ContentOf>(kind: K, id: string): Promise<HubDocument<K>> {
    return this.call('GET', `/api/v1/documents/${kind}/${encodeURIComponent(id)}`);
  }
  /** `revision`: what is replaced; 0: it is new. A `HubRefusal` with the code `conflict`: somebody else has changed it. */
  saveDocument<K extends keyof ContentOf>(
    kind: K,
    id: string,
    draft: { title: string; shared: boolean; revision: number; content: ContentOf[K] },
  ): Promise<HubDocument<K>> {
    const { revision, ...body } = draft;
    const headers: Record<string, string> = revision === 0 ? {} : { 'if-match': `"${revision}"` };
    return this.call('PUT', `/api/v1/documents/${kind}/${encodeURIComponent(id)}`, { body, headers });
  }
  async removeDocument(kind: keyof ContentOf, id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/documents/${kind}/${encodeURIComponent(id)}`);
  }

  async listShares(): Promise<readonly ShareInfo[]> {
    return (await this.call<{ shares: readonly ShareInfo[] }>('GET', '/api/v1/shares')).shares;
  }
  makeShare(wanted: { board: string; label: string; expiresMs: number }): Promise<{ id: string; path: string }> {
    return this.call('POST', '/api/v1/shares', { body: wanted });
  }
  async revokeShare(id: string): Promise<void> {
    await this.call('DELETE', `/api/v1/shares/${encodeURIComponent(id)}`);
  }
  readSharedBoard(): Promise<SharedBoard> {
    return this.call('GET', '/api/v1/shared-board');
  }

  private async call<T>(method: string, path: string, { body, headers, signal }: Sending = {}): Promise<T> {
    const response = await fetch(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.secret === '' ? {} : { authorization: `Bearer ${this.secret}` }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: this.secret === '' ? 'same-origin' : 'omit',
      signal: signal ?? null,
    });
    if (response.ok && response.headers.get('content-type') === columnsType) {
      const utf8 = new TextDecoder();
      return decodeColumns(await response.arrayBuffer(), (bytes) => utf8.decode(bytes)) as T;
    }
    const parsed = (await response.json().catch(() => undefined)) as { error?: object } | undefined;
    if (response.ok) return parsed as T;
    const unknown = { code: `http-${response.status}`, message: `The hub answered ${response.status}`, advice: '' };
    throw new HubRefusal(response.status, { ...unknown, ...parsed?.error }, parsed);
  }
}
