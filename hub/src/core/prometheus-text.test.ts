import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, makeHello } from '../../test/support/core-bench.ts';
import { writePrometheus } from './prometheus-text.ts';

describe('the text for Prometheus', () => {
  test('holds the newest value of each metric, under its own time, by family', () => {
    const bench = new CoreBench();
    const link = bench.connect();
    const metrics = [
      { name: 'temperature', unit: '°C', kind: 'gauge' },
      { name: 'say "hi"\\', unit: '', kind: 'counter' },
      { name: 'never', unit: '', kind: 'gauge' },
      { name: 'state', unit: '', kind: 'text' },
    ] as const;
    link.say(makeHello({ metrics }));
    const present = null;
    const number = (metric: number, value: number) =>
      ({ metric, encoding: 'float64', exponent: 0, present, values: Float64Array.of(value) }) as const;
    link.say(
      makeBatch(1, {
        times: Float64Array.of(5_000),
        columns: [
          number(0, -0.5),
          number(1, Number.POSITIVE_INFINITY),
          { metric: 3, encoding: 'text', present, values: ['a\nb'] },
        ],
      }),
    );
    const lines = [...writePrometheus(bench.roster.devices.values())].join('').split('\n');
    expect(lines.filter((line) => line.startsWith('# TYPE'))).toHaveLength(5);
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      'lapwing_device_up{device="pi-1"} 1',
      'lapwing_device_last_seen_seconds{device="pi-1"} 1000',
      'lapwing_reading{device="pi-1",metric="temperature",unit="°C"} -0.5 5000',
      'lapwing_counter_total{device="pi-1",metric="say \\"hi\\"\\\\"} +Inf 5000',
      'lapwing_text_info{device="pi-1",metric="state",value="a\\nb"} 1 5000',
      '',
    ]);
  });

  test('comes in pieces', () => {
    const bench = new CoreBench();
    for (let i = 0; i < 250; i++) bench.roster.enrol(`d${i}`, 0);
    const pieces = [...writePrometheus(bench.roster.devices.values())];
    expect(pieces.length).toBe(5 + 3);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100 * 40);
  });
});
