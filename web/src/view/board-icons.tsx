/** Icons of Explore and the boards, on the grid of icons.tsx; loaded with the frame only where the rail needs them. No state. */
import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      {children}
    </svg>
  );
}

export function GripIcon() {
  return (
    <Icon>
      <path d="M7.5 5v.1M12.5 5v.1M7.5 10v.1M12.5 10v.1M7.5 15v.1M12.5 15v.1" />
    </Icon>
  );
}
export function SizeIcon() {
  return (
    <Icon>
      <path d="M16 8v8H8M16 16l-7-7" />
    </Icon>
  );
}
export function RemoveIcon() {
  return (
    <Icon>
      <path d="m5.5 5.5 9 9M14.5 5.5l-9 9" />
    </Icon>
  );
}
