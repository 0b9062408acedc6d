/** The few icons of the page, drawn on a 20 px grid with the text's own colour; and the lapwing. No state. */
import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      {children}
    </svg>
  );
}

export function FleetIcon() {
  return (
    <Icon>
      <path d="M3 5.5h2M8 5.5h9M3 10h2M8 10h9M3 14.5h2M8 14.5h9" />
    </Icon>
  );
}

export function ExploreIcon() {
  return (
    <Icon>
      <path d="M3 3.5v13h14M5.5 13l3-4 3 2 5-6.5" />
    </Icon>
  );
}

export function BoardsIcon() {
  return (
    <Icon>
      <path d="M3.5 3.5h6v8h-6zM12.5 3.5h4v4h-4zM12.5 10.5h4v6h-4zM3.5 14.5h6v2h-6z" />
    </Icon>
  );
}

export function InboxIcon() {
  return (
    <Icon>
      <path d="M3.5 11.5h3.8l1.2 2h3l1.2-2h3.8M5.5 4.5h9l2 7v4h-13v-4z" />
    </Icon>
  );
}

export function PinIcon() {
  return (
    <Icon>
      <path d="M7.5 3.5h5M8.5 3.5v5l-2.5 3h8l-2.5-3v-5M10 11.5v5" />
    </Icon>
  );
}

export function SettingsIcon() {
  return (
    <Icon>
      <path d="M3 6h7M14 6h3M3 14h3M10 14h7" />
      <circle cx="12" cy="6" r="2" />
      <circle cx="8" cy="14" r="2" />
    </Icon>
  );
}

export function ThemeIcon({ dark }: { dark: boolean }) {
  return (
    <Icon>
      {dark ? (
        <path d="M16.2 12.1A6.8 6.8 0 0 1 7.9 3.8a6.8 6.8 0 1 0 8.3 8.3Z" />
      ) : (
        <>
          <circle cx="10" cy="10" r="3.2" />
          <path d="M10 2.2v1.9M10 15.9v1.9M2.2 10h1.9M15.9 10h1.9M4.5 4.5l1.3 1.3M14.2 14.2l1.3 1.3M4.5 15.5l1.3-1.3M14.2 5.8l1.3-1.3" />
        </>
      )}
    </Icon>
  );
}

export function SearchIcon() {
  return (
    <Icon>
      <circle cx="9" cy="9" r="5" />
      <path d="m13 13 4 4" />
    </Icon>
  );
}

export function AddIcon() {
  return (
    <Icon>
      <path d="M10 4.5v11M4.5 10h11" />
    </Icon>
  );
}

export function PauseIcon() {
  return (
    <Icon>
      <path d="M7.5 5v10M12.5 5v10" />
    </Icon>
  );
}

export function PlayIcon() {
  return (
    <Icon>
      <path d="M7 4.8v10.4l8-5.2Z" />
    </Icon>
  );
}

export function CalendarIcon() {
  return (
    <Icon>
      <path d="M4 5.5h12v11H4ZM4 9h12M7.5 3.5v3M12.5 3.5v3" />
    </Icon>
  );
}

export function BackIcon() {
  return (
    <Icon>
      <path d="m11.5 5.5-4.5 4.5 4.5 4.5" />
    </Icon>
  );
}

export function ForwardIcon() {
  return (
    <Icon>
      <path d="m8.5 5.5 4.5 4.5-4.5 4.5" />
    </Icon>
  );
}

export function WidenIcon() {
  return (
    <Icon>
      <circle cx="9" cy="9" r="5" />
      <path d="m13 13 4 4M6.8 9h4.4" />
    </Icon>
  );
}

export function DoneIcon() {
  return (
    <Icon>
      <path d="m4.5 10.5 3.7 3.7 7.3-8.2" />
    </Icon>
  );
}

export function CloseIcon() {
  return (
    <Icon>
      <path d="m5.5 5.5 9 9M14.5 5.5l-9 9" />
    </Icon>
  );
}

/** A lapwing's head: crown and long crest, white cheek, bill to the left. The same drawing as public/favicon.svg. */
export function LapwingMark({ size }: { size: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path class="mark-crest" d="M14.5 10.2C18.5 8.6 22.6 6 27.5 1.8 26 7.2 22.9 10.8 19.4 12.6Z" />
      <path
        class="mark-body"
        d="M2 16.4 7 14.2C8.1 11.3 10.7 9.3 14 9.3c5 0 8 3.4 8.4 8.2.4 5.2 2.9 8.7 7.6 11.5-3.3 1.3-7 1.8-10.7 1.3C12.9 29.4 9 25.6 8.2 20.1 8.1 19.3 7.6 18.4 7 17.7Z"
      />
      <circle class="mark-eye" cx="12.6" cy="13.9" r="1.3" />
    </svg>
  );
}
