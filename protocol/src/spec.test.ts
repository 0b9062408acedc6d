/**
 * SPEC.md says what the code does: faults, limits, message types, and its worked frames.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadGolden } from '../test/golden-frames.ts';
import { closeCodeOf, type FaultName, faultTable, frameType, limits } from './index.ts';

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');
const rows = spec
  .split('\n')
  .flatMap((line) => (line.startsWith('|') ? [line.split('|').map((cell) => cell.trim())] : []));

describe('SPEC.md', () => {
  test.each(Object.keys(faultTable) as FaultName[])('has the fault %s with its number and close code', (name) => {
    const row = rows.find((cells) => cells[3] === name);
    expect(row?.slice(1, 3)).toEqual([String(faultTable[name].code), String(closeCodeOf(name))]);
  });

  test.each(Object.entries(frameType))('has the message %s with its type', (name, type) => {
    const row = rows.find((cells) => cells[1] === type.toString(16).padStart(2, '0'));
    expect(row?.[2]?.toLowerCase()).toBe(name.toLowerCase());
  });

  test.each(Object.entries(limits).filter(([name]) => !/^(time|decimal)/.test(name)))(
    'has the limit %s',
    (_, bound) => {
      const table = spec.slice(spec.indexOf('## Limits'), spec.indexOf('## State machines'));
      expect(table).toMatch(new RegExp(`(^|[^\\d,])${bound.toLocaleString('en')}([^\\d,]|$)`, 'm'));
    },
  );

  test.each(['hello', 'welcome', 'batch', 'ack'])('works through the golden example of %s', (type) => {
    const { frame } = loadGolden().find(({ message, name }) => message.type === type && /example/.test(name))!;
    const hex = [...frame].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    expect(spec.replace(/\s+/g, ' ')).toContain(hex);
  });

  test('has every rule that code and tests of this package name', () => {
    for (const rule of ['FR-1', 'FR-19', 'FR-21', 'SE-14', 'DL-15', 'CM-6', 'RC-5', 'LV-10'])
      expect(spec).toContain(`**${rule}**`);
  });
});
