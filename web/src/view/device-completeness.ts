/**
 * What the hub knows of the stretch on the screen: how much of it came, why the rest did not, and when the device had no link.
 *
 * Owns the last answer. Invariant: asked again when the stretch changes, when late data came, and now and then; never twice at a time.
 */
import { signal } from '@preact/signals';
import type { CausedGap, Completeness } from '../core/gap-cause.ts';
import { readDeclared } from '../core/gap-cause.ts';
import type { App } from './app-context.ts';
import type { TimeStage } from './time-stage.ts';

const everyMs = 30_000;
const afterLateMs = 3_000;
/** Behind the charts' own data, which people came for. */
const behindMs = 150;

/** An answer and the stretch it is about, sample time. */
export interface KnownStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly found: Completeness;
}

export class DeviceCompleteness {
  /** Null until the hub has said, and when it cannot. */
  readonly known = signal<KnownStretch | null>(null);
  /** Why stretches are empty, as far as anybody knows. */
  gaps: readonly CausedGap[] = [];
  /** Rises with each answer. */
  version = 0;
  private readonly app: App;
  private readonly deviceId: string;
  private readonly stage: TimeStage;
  private stageVersion = -1;
  private nextMs = 0;
  private isAsking = false;

  constructor(app: App, deviceId: string, stage: TimeStage) {
    this.app = app;
    this.deviceId = deviceId;
    this.stage = stage;
  }

  run(): () => void {
    const hurry = (device: { readonly id: string }) => {
      if (device.id === this.deviceId) this.nextMs = Math.min(this.nextMs, this.app.nowHubMs() + afterLateMs);
    };
    const ends = [
      this.stage.addFeeder(({ nowHubMs }) => this.feed(nowHubMs)),
      this.app.addObserver({ observeLate: hurry, observeSnapshot: hurry }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  private feed(nowHubMs: number): void {
    if (this.stage.version !== this.stageVersion) {
      this.stageVersion = this.stage.version;
      this.nextMs = nowHubMs + behindMs;
    }
    if (nowHubMs >= this.nextMs && !this.isAsking) void this.load(nowHubMs);
  }

  /** Best effort: a gap without a known cause is still drawn as a gap. */
  private async load(nowHubMs: number): Promise<void> {
    this.isAsking = true;
    this.nextMs = nowHubMs + everyMs;
    const fromMs = this.stage.settled.fromMs + this.stage.offsetMs;
    const toMs = this.stage.settled.toMs + this.stage.offsetMs;
    try {
      const found = await this.app.hub.readCompleteness(this.deviceId, fromMs, toMs);
      this.known.value = { fromMs, toMs, found };
      this.gaps = found.gaps;
    } catch (error) {
      this.known.value = null;
      console.info(`Lapwing: completeness could not be read: ${String(error)}`);
      this.gaps = readDeclared(await this.app.hub.readGaps(this.deviceId).catch(() => []));
    }
    this.version++;
    this.isAsking = false;
  }
}
