/**
 * When a device tries again (SPEC RC): exponential from 0.5 s to 30 s with full jitter, so that a thousand boards do not
 * return in one instant; never sooner than the hub asked for.
 *
 * Owns the number of attempts since the last link that worked.
 */
import { faultTable } from '@lapwing/protocol';
import type { Random } from './random.ts';

export const backOffMinMs = 500;
export const backOffMaxMs = 30_000;

export class BackOff {
  attempts = 0;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** Milliseconds to wait now. `atLeastMs` is the hub's retryAfter, on top of which the jitter comes. */
  draw(atLeastMs: number): number {
    const ceiling = Math.min(backOffMaxMs, backOffMinMs * 2 ** Math.min(this.attempts, 10));
    this.attempts += 1;
    return atLeastMs + this.random() * ceiling;
  }

  reset(): void {
    this.attempts = 0;
  }
}

export type FaultVerdict =
  /** Try again after the back-off. */
  | 'retry'
  /** SE-4: a twin with the same identity. Giving way for a while ends the quarrel. */
  | 'twin'
  /** RC-4, mend first: the same bytes will fail again. */
  | 'mend'
  /** As `mend`, and one frame of the outbox may be what the hub cannot take. */
  | 'frame-refused'
  /** Stop: only a person can mend it. */
  | 'refused';

const verdicts: ReadonlyMap<number, FaultVerdict> = new Map([
  [faultTable.malformedFrame.code, 'frame-refused'],
  [faultTable.frameTooLarge.code, 'frame-refused'],
  [faultTable.unknownMetric.code, 'frame-refused'],
  [faultTable.invalidText.code, 'frame-refused'],
  [faultTable.valueOutOfRange.code, 'frame-refused'],
  [faultTable.metricConflict.code, 'mend'],
  [faultTable.tooManyMetrics.code, 'mend'],
  [faultTable.helloExpected.code, 'mend'],
  [faultTable.unexpectedMessage.code, 'mend'],
  [faultTable.notBinary.code, 'mend'],
  [faultTable.superseded.code, 'twin'],
  [faultTable.unsupportedVersion.code, 'refused'],
  [faultTable.unauthorized.code, 'refused'],
  [faultTable.revoked.code, 'refused'],
]);

/** The least wait before the next attempt. */
export function waitAfter(verdict: FaultVerdict): number {
  switch (verdict) {
    case 'twin':
      return 30_000;
    case 'mend':
    case 'frame-refused':
      return 60_000;
    default:
      return 0;
  }
}

/** What a fault code (SPEC, table of faults) means for the next attempt. */
export function judgeFault(code: number): FaultVerdict {
  return verdicts.get(code) ?? 'retry';
}

/** Fault code of a WebSocket close code 4000 + code, 0 for any other. */
export function faultCodeOf(closeCode: number): number {
  return closeCode > 4000 && closeCode < 4100 ? closeCode - 4000 : 0;
}

export function adviceOf(code: number): string {
  for (const [name, row] of Object.entries(faultTable)) if (row.code === code) return `${name}: ${row.advice}`;
  return `fault ${code}`;
}
