/**
 * What ESPHome says beside its Home Assistant discovery: who it is (`esphome/discover/<name>`) and its log.
 *
 * Owns no state.
 */
import type { Finding } from './dialect.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import { readJson, readText, textOf } from './read-payload.ts';

export const esphomePattern = /^esphome\/discover\/[^/]+$/;

export function readEsphome(payload: Uint8Array): readonly Finding[] {
  const json = readJson(payload);
  const list = new FindingList();
  const device = textOf(json, 'mac');
  if (device === undefined) return faultNotJson(null, 'what ESPHome tells of itself is an object with its mac');
  list.facts(device, {
    name: textOf(json, 'friendly_name') ?? textOf(json, 'name'),
    model: textOf(json, 'board'),
    firmware: textOf(json, 'version') === undefined ? undefined : `esphome ${textOf(json, 'version')}`,
    address: textOf(json, 'ip'),
  });
  return list.findings;
}

/** ESPHome's log, of which only warnings and errors are worth an event: `[W][component:line]: text` in terminal colours. */
export function readLogLine(list: FindingList, device: string, payload: Uint8Array): void {
  const line = /\[([EW])\](?:\[([\w.]+)[^\]]*\])?:?\s*(.*)/.exec(
    (readText(payload, 4_096) ?? '').replace(/\u001b\[[\d;]*m/g, ''),
  );
  if (line === null) return;
  list.event(device, line[1] === 'E' ? 'error' : 'warning', { code: line[2] ?? 'log', text: line[3] ?? '' });
}
