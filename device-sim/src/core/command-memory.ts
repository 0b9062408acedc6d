/**
 * Which commands this device has been given, so that each id runs once and its result is repeated (SPEC CM).
 *
 * Owns the results of the last `rememberedMax` ids. Invariant: an id is running or has a result, never both. `snapshot` and
 * `restore` let an agent keep them over a restart.
 */
export interface CommandOutcome {
  readonly ok: boolean;
  readonly result: string;
}

const rememberedMax = 128;

export class CommandMemory {
  private readonly outcomes = new Map<string, CommandOutcome | 'running'>();

  /** 'new': run it now (it counts as running from here on). */
  ask(id: string): CommandOutcome | 'running' | 'new' {
    const known = this.outcomes.get(id);
    if (known !== undefined) return known;
    this.outcomes.set(id, 'running');
    if (this.outcomes.size > rememberedMax) this.forgetOldest();
    return 'new';
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
