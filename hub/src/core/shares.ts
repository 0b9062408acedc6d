/**
 * Links that show one board to whoever has them: what each may see, until when, and whether it still may.
 *
 * Owns the hub's memory of the links; the store keeps them, as hashes. Invariant: a link shows what its board shows now, and
 * nothing else: exactly the metrics that its tiles name. Without the board, after its time, or revoked, it shows nothing. Scope
 * and end stand in the hub's record and not in the link, so there is nothing in it that could be altered. Time is an argument.
 */
import type { Documents } from './documents.ts';
import type { StoreChange, StoredDocument, StoredShare } from './ports.ts';

export const sharesMax = 200;

/** Device id → names of the metrics that may be seen. What is not in it does not exist. */
export type ViewScope = ReadonlyMap<string, ReadonlySet<string>>;

/** The part of a board's content that says what it shows; the edge has checked its shape. */
interface ShownSeries {
  readonly tiles: readonly { readonly series: readonly { readonly device: string; readonly metric: string }[] }[];
}

export class Shares {
  private readonly known = new Map<string, StoredShare>();
  /** Scopes by board, as of a revision: one is asked for with every request. */
  private readonly scopes = new Map<string, { readonly board: StoredDocument; readonly scope: ViewScope }>();
  private readonly documents: Documents;
  private readonly commit: (change: StoreChange) => Promise<void>;

  constructor(stored: readonly StoredShare[], documents: Documents, commit: (change: StoreChange) => Promise<void>) {
    this.documents = documents;
    this.commit = commit;
    for (const share of stored) this.known.set(share.id, share);
  }

  /** Newest first. */
  list(): StoredShare[] {
    return [...this.known.values()].sort((a, b) => b.createdMs - a.createdMs);
  }

  async add(share: StoredShare): Promise<boolean> {
    if (this.known.size >= sharesMax) return false;
    await this.commit({ kind: 'share', share });
    this.known.set(share.id, share);
    return true;
  }

  /** It is void from this moment, durable or not: somebody wants it to end. */
  async remove(id: string): Promise<boolean> {
    if (!this.known.delete(id)) return false;
    await this.commit({ kind: 'shareGone', id });
    return true;
  }

  /** Links whose time is over. */
  removeExpired(nowMs: number, persist: (change: StoreChange) => void): void {
    for (const { id, expiresMs } of this.known.values()) {
      if (nowMs < expiresMs) continue;
      this.known.delete(id);
      persist({ kind: 'shareGone', id });
    }
  }

  /** A lookup by the hash of 256 random bits: no timing to read. */
  findByHash(hash: string, nowMs: number): StoredShare | null {
    for (const share of this.known.values())
      if (share.hash === hash) return this.isGood(share.id, nowMs) ? share : null;
    return null;
  }

  find(id: string): StoredShare | null {
    return this.known.get(id) ?? null;
  }

  isGood(id: string, nowMs: number): boolean {
    const share = this.known.get(id);
    return share !== undefined && nowMs < share.expiresMs && this.boardOf(id) !== null;
  }

  /** The board as its maker sees it: one that became somebody else's is not shown any more. */
  boardOf(id: string): StoredDocument | null {
    const share = this.known.get(id);
    return share === undefined ? null : this.documents.find('board', share.board, share.createdBy);
  }

  scopeOf(id: string): ViewScope {
    const board = this.boardOf(id);
    if (board === null) return new Map();
    const known = this.scopes.get(board.id);
    if (known?.board === board) return known.scope;
    const scope = readScope(board.content);
    this.scopes.set(board.id, { board, scope });
    return scope;
  }
}

function readScope(content: string): ViewScope {
  const scope = new Map<string, Set<string>>();
  for (const { series } of (JSON.parse(content) as ShownSeries).tiles) {
    for (const { device, metric } of series) {
      const metrics = scope.get(device) ?? new Set();
      scope.set(device, metrics.add(metric));
    }
  }
  return scope;
}
