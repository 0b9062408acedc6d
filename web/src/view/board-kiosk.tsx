/**
 * A board on a wall screen: nothing but the board and a clock, full screen, awake, and back by itself when the link is.
 *
 * Owns the wake lock and the way out, which is shown while somebody moves the mouse. Invariant: data that has stopped says so.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import '../style/board.css';
import type { BoardContent } from '../core/board-content.ts';
import type { BoardClient } from '../edge/board-client.ts';
import { useApp } from './app-context.ts';
import { BoardGrid } from './board-grid.tsx';
import { useBoardStage, useBoardWatch } from './board-stage.ts';
import { formatClock } from './clock-text.ts';

/** To be called by a click: browsers give the full screen for nothing less. Without it the board fills the window. */
export function enterKiosk(): void {
  void document.documentElement.requestFullscreen?.().catch(() => undefined);
}

const exitShownMs = 3_000;

interface KioskProps {
  readonly title: string;
  readonly content: BoardContent;
  readonly client: BoardClient;
}

export function BoardKiosk(props: KioskProps) {
  const { model, navigate } = useApp();
  useBoardWatch(props.content.tiles);
  const leave = () => {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    const route = model.route.peek();
    if (route.page === 'board') navigate({ ...route, mode: 'usual' });
  };
  return <KioskFrame {...props} leave={leave} />;
}

/** Also what somebody sees who comes by a share link, and has nowhere to leave to. */
export function KioskFrame({ title, content, client, leave }: KioskProps & { readonly leave: (() => void) | null }) {
  const { model, addPainter } = useApp();
  const stage = useBoardStage(content.rangeMs);
  const clock = useSignal('');
  const isExitShown = useSignal(false);
  useEffect(
    () =>
      addPainter((nowHubMs) => {
        const text = formatClock(nowHubMs);
        if (clock.peek() !== text) clock.value = text;
      }),
    [],
  );
  useEffect(keepAwake, []);
  useEffect(() => {
    if (leave === null) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pointerOnMove = () => {
      isExitShown.value = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isExitShown.value = false;
      }, exitShownMs);
    };
    const keyOnDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape') leave();
      else pointerOnMove();
    };
    document.addEventListener('pointermove', pointerOnMove);
    document.addEventListener('keydown', keyOnDown);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointermove', pointerOnMove);
      document.removeEventListener('keydown', keyOnDown);
    };
  }, []);
  const link = model.link.value;
  const isCut = link.kind === 'waiting';
  return (
    <main class={isCut ? 'kiosk is-cut' : 'kiosk'}>
      <header class="kiosk-head">
        <h1>{title}</h1>
        {isCut && (
          <p class="kiosk-note" role="status">
            Reconnecting
            {Number.isNaN(link.lastDataMs) ? '' : `, showing data until ${formatClock(link.lastDataMs)}`}
          </p>
        )}
        {leave !== null && isExitShown.value && (
          <button type="button" class="button is-small" onClick={leave}>
            Leave
          </button>
        )}
        {link.kind === 'live' && link.way === 'stream' && <small class="kiosk-way">over SSE</small>}
        <time class="kiosk-clock">{clock}</time>
      </header>
      <BoardGrid tiles={content.tiles} stage={stage} client={client} gridOnChange={null} />
    </main>
  );
}

/** A wake lock ends with every look away; it is asked for again when the screen is looked at. Best effort: not every browser has it. */
function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let isOver = false;
  const ask = async () => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    const got = await navigator.wakeLock.request('screen').catch(() => null);
    if (isOver) await got?.release();
    else lock = got;
  };
  const visibilityOnChange = () => void ask();
  document.addEventListener('visibilitychange', visibilityOnChange);
  void ask();
  return () => {
    isOver = true;
    document.removeEventListener('visibilitychange', visibilityOnChange);
    void lock?.release();
  };
}
