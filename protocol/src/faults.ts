/**
 * Every way a link can be wrong, each with one number (SPEC, table of faults). Numbers are never reused.
 * The WebSocket close code is 4000 + number; `advice` is what the other side's author should do next.
 */

export const faultTable = {
  malformedFrame: { code: 1, advice: 'Compare your bytes with the golden frames of the message type named.' },
  frameTooLarge: { code: 2, advice: 'Send fewer rows per batch: Welcome tells frameBytesMax and batchRowsMax.' },
  unsupportedVersion: { code: 3, advice: 'Speak version 1 (subprotocol lapwing.v1).' },
  unauthorized: { code: 4, advice: 'Enrol the device (POST /api/v1/enroll) and send the token it was given.' },
  helloExpected: { code: 5, advice: 'Send Hello first, and only once.' },
  helloTimeout: { code: 6, advice: 'Send Hello within ten seconds of connecting.' },
  unexpectedMessage: { code: 7, advice: 'This side of the link does not say that message.' },
  sequenceGap: {
    code: 8,
    advice: 'Connect again and go on from Welcome.committedSeq + 1, with Skipped for what is gone.',
  },
  unknownMetric: { code: 9, advice: 'Declare the metric before sending its values.' },
  tooManyMetrics: { code: 10, advice: 'A table holds 1,024 metrics, a device 4,096 over all its streams.' },
  metricConflict: {
    code: 11,
    advice: 'The table of an epoch is fixed as far as it goes, and so is the kind of a metric; see SPEC SE-6 and SE-7.',
  },
  invalidText: { code: 12, advice: 'Text is UTF-8 without control characters and within its limit.' },
  valueOutOfRange: {
    code: 13,
    advice: 'Decimals hold whole numbers up to 2^53 − 1; times lie in the years 1 to 9999.',
  },
  superseded: { code: 14, advice: 'Another session of this device took over; connect one session per device.' },
  storeUnavailable: { code: 15, advice: 'Keep the batch and connect again after retryAfterMs.' },
  notBinary: { code: 16, advice: 'Send binary WebSocket messages.' },
  heartbeatTimeout: { code: 17, advice: 'Answer Ping, or send anything, within 2.5 heartbeats.' },
  tooManyLinks: { code: 18, advice: 'The hub is at its limit of links; come back after retryAfterMs.' },
  rateExceeded: { code: 19, advice: 'Send at most inFlightMax sequenced messages ahead of the Ack, and slow down.' },
  revoked: { code: 20, advice: 'Enrol the device, or sign in, again.' },
  unknownDevice: { code: 21, advice: 'Subscribe to devices that the hub lists.' },
  tooManySubscriptions: { code: 22, advice: 'Unsubscribe what is no longer looked at.' },
  internal: { code: 23, advice: 'The hub failed; connect again. Nothing acked is lost.' },
} as const;

export type FaultName = keyof typeof faultTable;

/** What a decoder or a state machine returns instead of throwing. */
export interface FaultReport {
  readonly fault: FaultName;
  /** What was wrong, for a person, in one sentence without a final stop. */
  readonly text: string;
}

/** WebSocket close code of a fault (SPEC FR-9). */
export function closeCodeOf(fault: FaultName): number {
  return 4000 + faultTable[fault].code;
}
