/**
 * Dark or light: what the person chose is kept in this browser, otherwise the system's wish holds.
 *
 * Owns the `data-theme` attribute and its stored copy (public/start.js reads it before the first paint).
 */
import type { Theme } from '../core/app-model.ts';

const storageKey = 'lapwing.theme';

export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system'; // Storage may be forbidden; the theme then lasts as long as the page.
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, theme);
  } catch {
    return;
  }
}

const systemDark = matchMedia('(prefers-color-scheme: dark)');

export function isDarkNow(theme: Theme): boolean {
  return theme === 'system' ? systemDark.matches : theme === 'dark';
}

export function followSystemTheme(systemOnChange: () => void): void {
  systemDark.addEventListener('change', systemOnChange);
}
