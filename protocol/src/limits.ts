/**
 * The bounds of version 1 (SPEC, table of limits). A hub may tell lower ones in Welcome, never higher.
 */
export const limits = {
  /** Bytes of any frame from a device or viewer. */
  frameBytesMax: 65_536,
  /** Bytes of a frame from the hub to a viewer: a Snapshot of a device with very many text metrics. */
  feedFrameBytesMax: 8_388_608,
  batchRowsMax: 4_096,
  /** rows × columns of one batch. */
  batchCellsMax: 65_536,
  /** Metrics of one session's table. */
  metricsMax: 1_024,
  /** Numbers that one Skipped covers: a wrong one must not use up a stream for ever. */
  skippedSeqsMax: 1_000_000_000,
  /** Metrics a device has had in all its sessions together: its list in Snapshot. */
  deviceMetricsMax: 4_096,
  deviceIdBytesMax: 64,
  tokenBytesMax: 128,
  /** Model and firmware. */
  factBytesMax: 128,
  metricNameBytesMax: 128,
  unitBytesMax: 32,
  /** One text reading. */
  textBytesMax: 1_024,
  eventCodeBytesMax: 64,
  eventTextBytesMax: 1_024,
  commandIdBytesMax: 64,
  commandNameBytesMax: 64,
  /** Arguments, results and state documents. */
  documentBytesMax: 16_384,
  faultTextBytesMax: 256,
  decimalExponentMax: 22,
  subscribedDevicesMax: 10_000,
  /** Years 1 to 9999, Unix milliseconds. */
  timeMsMin: -62_135_596_800_000,
  timeMsMax: 253_402_300_799_999,
} as const;

/** Device ids go into URLs, topics and file names: letters, digits, `.`, `_`, `-`, `:`; first a letter or digit. */
export const deviceIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
