import { describe, expect, it } from 'vitest';
import { countUses, deviceKinds, writeCommand } from './enrolment-text.ts';
import { isLoopback } from './loopback.ts';

const parts = { origin: 'https://hub.example.org:7180', key: '-abc_9', boards: 25 };

describe('what to run', () => {
  it.each(deviceKinds.map((one) => one.kind))('%s names this hub and the key', (kind) => {
    const text = writeCommand(kind, parts);
    expect(text).toContain(kind === 'mqtt' ? 'hub.example.org' : parts.origin);
    expect(text).toContain(parts.key);
  });
  it('never lets a key be read as an option', () => {
    for (const { kind } of deviceKinds) expect(writeCommand(kind, parts)).not.toMatch(/--key\s/);
  });
  it('makes a key for as many devices as will come', () => {
    expect([countUses('simulated', 25), countUses('linux', 25), countUses('csv', 25)]).toEqual([25, 1, 1]);
  });
});

describe('an address only the hub’s machine has', () => {
  it.each([
    ['127.0.0.1', true],
    ['localhost', true],
    ['[::1]', true],
    ['192.168.1.5', false],
    ['hub.local', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
