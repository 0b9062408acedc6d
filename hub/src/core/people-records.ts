/**
 * What the store keeps about people: keys, users, sessions, tokens, and the documents that they arranged. Types only, part of the
 * store's port (ports.ts), which gives them on.
 */
export interface StoredEnrolmentKey {
  readonly id: string;
  readonly hash: string;
  readonly label: string;
  readonly createdMs: number;
  /** NaN: does not expire. */
  readonly expiresMs: number;
  /** Enrolments still allowed; null: no bound. */
  readonly usesLeft: number | null;
}
export interface StoredUser {
  readonly name: string;
  /** argon2id, '' until a password is set (sign-in by link only). */
  readonly passwordHash: string;
  readonly createdMs: number;
}
export interface StoredSession {
  readonly hash: string;
  readonly user: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}
export interface StoredApiToken {
  readonly id: string;
  readonly hash: string;
  readonly label: string;
  readonly createdMs: number;
}

export type DocumentKind = 'view' | 'board' | 'preferences';
/** What people arranged; by (kind, id) there is one. */
export interface StoredDocument {
  readonly kind: DocumentKind;
  readonly id: string;
  /** A user's name; '' for the whole hub. */
  readonly owner: string;
  readonly title: string;
  /** 1 for the first, one more with each change. */
  readonly revision: number;
  readonly changedMs: number;
  /** JSON. */
  readonly content: string;
}
/** A link that shows one board. */
export interface StoredShare {
  readonly id: string;
  readonly hash: string;
  readonly label: string;
  /** Id of the board. */
  readonly board: string;
  readonly createdBy: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}
