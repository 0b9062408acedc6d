/**
 * The instant of a rewound page in its address: `at`, ISO 8601 in UTC, beside whatever the page itself has there.
 *
 * Owns no state. Invariant: every other parameter stays as it stands, and `at` comes last.
 */

const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/;

/** Null where there is none, or what stands there is no instant. */
export function readInstant(address: string): number | null {
  const query = address.split('#', 1)[0]!.split('?')[1] ?? '';
  for (const part of query.split('&')) {
    if (!part.startsWith('at=')) continue;
    const text = part.slice(3).replaceAll('%3A', ':').replaceAll('%3a', ':');
    const atMs = pattern.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(atMs) ? null : atMs;
  }
  return null;
}

export function withInstant(address: string, atMs: number | null): string {
  const [front = '', hash] = address.split('#', 2);
  const [path = '', query = ''] = front.split('?', 2);
  const parts = query.split('&').filter((part) => part !== '' && !part.startsWith('at='));
  if (atMs !== null) parts.push(`at=${new Date(Math.floor(atMs)).toISOString()}`);
  const found = parts.length === 0 ? path : `${path}?${parts.join('&')}`;
  return hash === undefined ? found : `${found}#${hash}`;
}
