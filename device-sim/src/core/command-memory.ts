/**
 * Which commands this device has been given, so that each id runs once and its result is repeated (SPEC CM).
 *
 * Owns the results of the last `rememberedMax` ids. Invariant: an id is running or has a result, never both. `snapshot` and
 * `restore` let an agent keep them over a restart.
 */
import type { Command } from '@lapwing/protocol';

export interface CommandOutcome {
  readonly ok: boolean;
  readonly result: string;
}

const rememberedMax = 128;

export class CommandMemory {
  private readonly outcomes = new Map<string, CommandOutcome | 'running'>();

  /** 'new': run it now (it counts as running from here on). Else its result, which is `expired` behind its deadline (CM-3). */
  meet({ deadlineMs, id }: Command, hubMs: number): CommandOutcome | 'running' | 'new' {
    const known = this.outcomes.get(id);
    if (known !== undefined) return known;
    const met = hubMs <= deadlineMs ? 'new' : { ok: false, result: 'expired' };
    this.outcomes.set(id, met === 'new' ? 'running' : met);
    if (this.outcomes.size > rememberedMax) this.forgetOldest();
    return met;
  }

  finish(id: string, outcome: CommandOutcome): void {
    this.outcomes.set(id, outcome);
  }

  snapshot(): readonly (readonly [string, CommandOutcome])[] {
    const finished: [string, CommandOutcome][] = [];
    for (const [id, outcome] of this.outcomes) if (outcome !== 'running') finished.push([id, outcome]);
    return finished;
  }

  restore(finished: readonly (readonly [string, CommandOutcome])[]): void {
    for (const [id, outcome] of finished.slice(-rememberedMax)) this.outcomes.set(id, outcome);
  }

  private forgetOldest(): void {
    for (const [id, outcome] of this.outcomes) {
      if (outcome === 'running') continue;
      this.outcomes.delete(id);
      return;
    }
  }
}
