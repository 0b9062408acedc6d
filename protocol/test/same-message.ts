/**
 * Equality of decoded messages, quick enough for a million of them. As strict as toStrictEqual, −0 and NaN included.
 *
 * No state.
 */
export function isSameMessage(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) || ArrayBuffer.isView(a)) return isSameList(a as ArrayLike<unknown>, b as ArrayLike<unknown>);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => isSameMessage((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

function isSameList(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSameMessage(a[i], b[i])) return false;
  return true;
}
