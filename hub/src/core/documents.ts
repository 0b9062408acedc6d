/**
 * What people arrange for themselves and each other: saved views, boards, preferences, as small JSON documents.
 *
 * Owns the hub's memory of them; the store keeps them. Invariant: a document changes only for whoever names the revision that
 * it has, so that of two editors the second is told and overwrites nothing. What is in memory is durable: while a document is
 * being saved it cannot be saved again. It does not look into the content; the edge has checked its shape and its bytes.
 */
import type { DocumentKind, StoreChange, StoredDocument } from './ports.ts';

export const documentBytesMax = 65_536;
export const documentsMax = 500;
/** The owner of what everybody signed in may see and change. */
export const hubOwner = '';

export type DocumentRefusal = 'conflict' | 'foreign' | 'full' | 'unknown';
export type DocumentResult =
  | { readonly ok: true; readonly document: StoredDocument }
  | { readonly ok: false; readonly why: DocumentRefusal; readonly revision: number };

export interface DocumentWish {
  readonly kind: DocumentKind;
  readonly id: string;
  /** Who asks. */
  readonly user: string;
  /** The revision that is replaced; 0: none, it is new; null: whichever there is. */
  readonly replaces: number | null;
}

export class Documents {
  private readonly known = new Map<string, StoredDocument>();
  /** Being saved or removed right now. */
  private readonly busy = new Set<string>();
  private readonly commit: (change: StoreChange) => Promise<void>;

  constructor(stored: readonly StoredDocument[], commit: (change: StoreChange) => Promise<void>) {
    this.commit = commit;
    for (const document of stored) this.known.set(keyOf(document), document);
  }

  /** The user's own and the hub's, by title; `user` null: only the hub's. */
  list(kind: DocumentKind, user: string | null): StoredDocument[] {
    return [...this.known.values()]
      .filter((document) => document.kind === kind && isFor(document, user))
      .sort((a, b) => a.title.localeCompare(b.title) || (a.id < b.id ? -1 : 1));
  }

  find(kind: DocumentKind, id: string, user: string | null): StoredDocument | null {
    const document = this.known.get(keyOf({ kind, id }));
    return document !== undefined && isFor(document, user) ? document : null;
  }

  async save(
    wish: DocumentWish,
    draft: { readonly owner: string; readonly title: string; readonly content: string },
    nowMs: number,
  ): Promise<DocumentResult> {
    const before = this.known.get(keyOf(wish));
    const why = this.judge(wish, before);
    if (why !== null) return { ok: false, why, revision: before?.revision ?? 0 };
    const { kind, id } = wish;
    const document: StoredDocument = { kind, id, ...draft, revision: (before?.revision ?? 0) + 1, changedMs: nowMs };
    await this.hold(wish, { kind: 'document', document });
    this.known.set(keyOf(wish), document);
    return { ok: true, document };
  }

  async remove(wish: DocumentWish): Promise<DocumentResult> {
    const before = this.known.get(keyOf(wish));
    if (before === undefined) return { ok: false, why: 'unknown', revision: 0 };
    const why = this.judge(wish, before);
    if (why !== null) return { ok: false, why, revision: before.revision };
    await this.hold(wish, { kind: 'documentGone', document: { kind: wish.kind, id: wish.id } });
    this.known.delete(keyOf(wish));
    return { ok: true, document: before };
  }

  private judge(wish: DocumentWish, before: StoredDocument | undefined): DocumentRefusal | null {
    if (before !== undefined && !isFor(before, wish.user)) return 'foreign';
    if (this.busy.has(keyOf(wish))) return 'conflict';
    if (wish.replaces !== null && wish.replaces !== (before?.revision ?? 0)) return 'conflict';
    return before === undefined && this.known.size + this.busy.size >= documentsMax ? 'full' : null;
  }

  private async hold(wish: DocumentWish, change: StoreChange): Promise<void> {
    const key = keyOf(wish);
    this.busy.add(key);
    try {
      await this.commit(change);
    } finally {
      this.busy.delete(key);
    }
  }
}

function keyOf({ kind, id }: { kind: DocumentKind; id: string }): string {
  return `${kind}/${id}`;
}

function isFor({ owner }: StoredDocument, user: string | null): boolean {
  return owner === hubOwner || owner === user;
}
