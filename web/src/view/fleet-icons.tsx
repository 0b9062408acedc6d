/** The small icons of the fleet's own tools, on the grid of icons.tsx. No state. */
import type { ComponentChildren } from 'preact';

function SmallIcon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon is-small" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}

export function MoreIcon() {
  return (
    <SmallIcon>
      <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2" />
    </SmallIcon>
  );
}

export function ColumnsIcon() {
  return (
    <SmallIcon>
      <rect x="2" y="3" width="12" height="10" rx="1" />
      <path d="M6 3v10M10 3v10" />
    </SmallIcon>
  );
}

export function ViewIcon() {
  return (
    <SmallIcon>
      <path d="M4.5 2.5h7v11L8 10.8l-3.5 2.7Z" />
    </SmallIcon>
  );
}

export function FoldIcon({ isFolded }: { isFolded: boolean }) {
  return (
    <SmallIcon>
      <path d={isFolded ? 'm6 4 4 4-4 4' : 'm4 6 4 4 4-4'} />
    </SmallIcon>
  );
}
