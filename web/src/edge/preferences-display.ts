/**
 * One person's preferences on this page: read from the hub, remembered by the browser for the first picture, applied everywhere.
 *
 * Owns the stored copy and the `data-density` attribute. Loaded after the first screen stands: who has chosen nothing sees no
 * difference. Invariant: what else the hub keeps in the same document is put back as it was.
 */
import { type DisplayStyle, plainStyle, setDisplayStyle } from '../core/display-style.ts';
import { findUnitChange, type Preferences } from '../core/preferences.ts';
import { BoardClient } from './board-client.ts';

const storageKey = 'lapwing.preferences';

export interface DisplayParts {
  readonly setTheme: (theme: 'system' | 'light' | 'dark') => void;
}

let shown = '{}';
const client = new BoardClient();

/** The browser's copy at once, then what the hub says. */
export async function startDisplay(parts: DisplayParts): Promise<void> {
  const copy = readCopy();
  if (copy !== null) applyPreferences(copy, parts);
  const document = (await client.listDocuments('preferences').catch(() => []))[0];
  if (document !== undefined) applyPreferences(document.content, parts);
}

export function applyPreferences(preferences: Preferences, { setTheme }: DisplayParts): void {
  const { fleet: _, ...own } = preferences;
  const text = JSON.stringify(own);
  if (text === shown) return;
  shown = text;
  writeCopy(text);
  if (own.theme !== undefined) setTheme(own.theme);
  document.documentElement.dataset.density = own.density ?? 'comfortable';
  setDisplayStyle(styleOf(own));
}

function styleOf({ units = {}, clock = '24', zone = 'local' }: Preferences): DisplayStyle {
  return {
    unitFor: (unit) => findUnitChange(unit, units),
    clock,
    zone: zone === 'local' ? undefined : checkZone(zone === 'utc' ? 'UTC' : zone),
  };
}

/** A zone that this browser does not know would make every clock throw. */
function checkZone(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return zone;
  } catch {
    return plainStyle.zone;
  }
}

function readCopy(): Preferences | null {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? 'null') as Preferences | null;
  } catch {
    return null; // Storage may be forbidden; the hub's copy comes in a moment.
  }
}

function writeCopy(text: string): void {
  try {
    localStorage.setItem(storageKey, text);
  } catch {
    return;
  }
}
