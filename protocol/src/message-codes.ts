/**
 * The small numbers that stand for names on the wire (SPEC, tables of codes). A name's place is its number, for ever.
 *
 * No state.
 */

import type { TextRules } from './byte-reader.ts';
import { limits } from './limits.ts';
import type { BatchColumn, EventLevel, GoodbyeReason, MetricKind, PresenceState, SkipReason } from './messages.ts';

export const protocolVersion = 1;

export const metricKinds: readonly MetricKind[] = ['gauge', 'counter', 'bool', 'text'];
export const skipReasons: readonly SkipReason[] = ['overflow', 'acked-elsewhere', 'corrupt', 'dropped'];
export const eventLevels: readonly EventLevel[] = ['debug', 'info', 'warning', 'error'];
export const goodbyeReasons: readonly GoodbyeReason[] = ['stopping', 'sleeping', 'restarting', 'updating'];
export const presenceStates: readonly PresenceState[] = ['online', 'late', 'offline', 'asleep', 'unknown'];
export const columnEncodings: readonly BatchColumn['encoding'][] = ['decimal', 'float32', 'float64', 'bool', 'text'];

/** Places in `columnEncodings`, for the hot path. */
export const batchCoding = { decimal: 0, float32: 1, float64: 2, bool: 3, text: 4 } as const;

export const batchFlag = { ackNow: 1, backfill: 2, irregular: 4 } as const;
/** In a column's coding byte. */
export const presenceFlag = 8;
export const snapshotFlag = { conflated: 1, clockOffset: 2 } as const;

function plain(bytesMin: number, bytesMax: number): TextRules {
  return { bytesMin, bytesMax, lines: false };
}
function lines(bytesMax: number): TextRules {
  return { bytesMin: 0, bytesMax, lines: true };
}

/** Which texts may be how long (SPEC, table of limits). */
export const textRules = {
  deviceId: plain(1, limits.deviceIdBytesMax),
  token: plain(0, limits.tokenBytesMax),
  fact: plain(0, limits.factBytesMax),
  metricName: plain(1, limits.metricNameBytesMax),
  unit: plain(0, limits.unitBytesMax),
  reading: lines(limits.textBytesMax),
  eventCode: plain(0, limits.eventCodeBytesMax),
  eventText: lines(limits.eventTextBytesMax),
  commandId: plain(1, limits.commandIdBytesMax),
  commandName: plain(1, limits.commandNameBytesMax),
  document: lines(limits.documentBytesMax),
  faultText: plain(0, limits.faultTextBytesMax),
} as const;
