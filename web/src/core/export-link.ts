/** The address under which the hub gives the readings themselves as a file: a line each, as they came. No state. */

export interface ExportStretch {
  readonly devices: readonly string[];
  /** By name; empty: all of them. */
  readonly metrics: readonly string[];
  /** Sample time, Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

export function makeExportLink({ devices, metrics, fromMs, toMs }: ExportStretch): string {
  const parts = [`device=${encodeURIComponent(devices.join(','))}`, 'format=csv'];
  if (metrics.length > 0) parts.push(`metrics=${encodeURIComponent([...new Set(metrics)].join(','))}`);
  parts.push(`from=${Math.floor(fromMs)}`, `to=${Math.ceil(toMs)}`);
  return `/api/v1/export?${parts.join('&')}`;
}
