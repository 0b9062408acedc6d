/** The measured latency and what it rests on: the window, the clocks, the meter, and the way back after a lost link. */
import { describe, expect, it } from 'vitest';
import { makeAppModel } from './app-model.ts';
import { ClockSync } from './clock-sync.ts';
import { LatencyWindow } from './latency-window.ts';
import { PulseMeter } from './pulse-meter.ts';
import { planReconnect } from './reconnect-delay.ts';

describe('LatencyWindow', () => {
  it('answers with latencies that were measured', () => {
    const window = new LatencyWindow();
    for (let i = 1; i <= 100; i++) window.add(i, 0);
    expect(window.read(0)).toEqual({ p50: 50, p99: 99, samples: 100 });
  });

  it('forgets after a minute, and takes a negative for the clocks’ inaccuracy', () => {
    const window = new LatencyWindow();
    window.add(500, 0);
    window.add(-0.4, 50_000);
    window.add(Number.NaN, 50_000);
    expect(window.read(70_000)).toEqual({ p50: 0, p99: 0, samples: 1 });
    expect(window.read(200_000)).toBeNull();
  });
});

describe('ClockSync', () => {
  it('believes the shortest round trip', () => {
    const clock = new ClockSync();
    clock.addExchange(1_000, 6_500, 1_900);
    clock.addExchange(2_000, 7_004, 2_004);
    clock.addExchange(3_000, 8_900, 3_800);
    expect(clock.offsetMs).toBe(5_002);
    expect(clock.isMeasured).toBe(true);
  });

  it('takes nothing from a hub without a clock', () => {
    const clock = new ClockSync();
    clock.addExchange(1_000, 0, 1_002);
    expect(clock.isMeasured).toBe(false);
    expect(clock.offsetMs).toBe(0);
  });
});

describe('PulseMeter', () => {
  it('measures from sample to frame, beats at most twice a second, and copies structure seldom', () => {
    const model = makeAppModel();
    const meter = new PulseMeter(model);
    let beats = 0;
    model.beat.subscribe(() => beats++);
    const before = beats;
    for (let frame = 0; frame < 60; frame++) {
      const nowMs = 10_000 + frame * (1000 / 60);
      model.feed.unpainted[0] = nowMs - 7;
      model.feed.unpaintedCount = 1;
      model.feed.batches++;
      model.feed.structureVersion++;
      meter.measure(nowMs, true);
    }
    expect(beats - before).toBe(2);
    meter.measure(12_000, true);
    expect(model.latency.value!.p50).toBeCloseTo(7, 6);
    expect(model.structure.value).toBe(60);
  });

  it('counts the wait of a page that paints on a beat', () => {
    const model = makeAppModel();
    const meter = new PulseMeter(model);
    model.feed.unpainted[0] = 9_990;
    model.feed.unpaintedCount = 1;
    model.feed.isPaintHeld = true;
    meter.measure(10_000, true);
    expect(model.latency.value).toBeNull();
    model.feed.isPaintHeld = false;
    meter.measure(10_240, true);
    meter.measure(12_000, true);
    expect(model.latency.value).toEqual({ p50: 250, p99: 250, samples: 1 });
  });

  it('says nothing before the clocks were compared', () => {
    const model = makeAppModel();
    model.feed.unpaintedCount = 1;
    new PulseMeter(model).measure(10_000, false);
    expect(model.latency.value).toBeNull();
    expect(model.feed.unpaintedCount).toBe(0);
  });
});

describe('planReconnect', () => {
  it('backs off to a ceiling, spreads out, and respects the hub’s wish', () => {
    expect(planReconnect(0, 0, 0)).toBe(200);
    expect(planReconnect(0, 0.999, 0)).toBeLessThanOrEqual(400);
    expect(planReconnect(50, 0.999, 0)).toBeLessThanOrEqual(15_000);
    expect(planReconnect(50, 0, 0)).toBe(7_500);
    expect(planReconnect(0, 0, 3_000)).toBe(3_200);
  });
});
