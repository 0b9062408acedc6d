/** The choice of columns as this browser remembers it: for the first picture, before the hub has answered. Owns one stored entry. */
import type { ColumnsCopy } from '../core/fleet-keeper.ts';

const storageKey = 'lapwing.fleet-columns';

export const columnsCopy: ColumnsCopy = {
  read: () => {
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? 'null');
      return Array.isArray(stored) && stored.every((key) => typeof key === 'string') ? stored : null;
    } catch {
      return null; // Storage may be forbidden or hold something else; the columns are then chosen by themselves.
    }
  },
  write: (columns) => {
    try {
      if (columns === null) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, JSON.stringify(columns));
    } catch {
      return;
    }
  },
};
