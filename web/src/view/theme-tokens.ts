/**
 * The colour tokens of style/tokens.css, resolved for canvases, which know no CSS variables.
 *
 * Owns a cache that is thrown away whenever the theme changes (`forgetTokens`).
 */

const cache = new Map<string, string>();
let probe: HTMLElement | null = null;

export function readToken(name: string): string {
  const known = cache.get(name);
  if (known !== undefined) return known;
  if (probe === null) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  cache.set(name, colour);
  return colour;
}

export function forgetTokens(): void {
  cache.clear();
}

/** `rgb(1, 2, 3)` with an alpha. */
export function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
