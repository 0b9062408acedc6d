import { describe, expect, it } from 'vitest';
import { PageClock } from './page-clock.ts';

function makeClock(startMs: number) {
  const hub = { nowMs: startMs };
  return { hub, clock: new PageClock(() => hub.nowMs) };
}

describe('the page clock', () => {
  it('is the hub’s time while live, and one instant while paused', () => {
    const { hub, clock } = makeClock(1_000);
    expect(clock.nowMs()).toBe(1_000);
    clock.pause(1_000);
    hub.nowMs = 5_000;
    expect([clock.mode.value, clock.nowMs(), clock.presentMs()]).toEqual(['paused', 1_000, 5_000]);
    clock.goLive();
    expect([clock.mode.value, clock.nowMs()]).toEqual(['live', 5_000]);
  });

  it('plays the past at a speed, and goes on from where it is when the speed changes', () => {
    const { hub, clock } = makeClock(100_000);
    clock.rewind(10_000, 10);
    hub.nowMs += 1_000;
    expect(clock.nowMs()).toBe(20_000);
    expect(clock.presentMs()).toBe(20_000);
    clock.setSpeed(0);
    hub.nowMs += 1_000;
    expect(clock.nowMs()).toBe(20_000);
    clock.setSpeed(60);
    hub.nowMs += 500;
    expect(clock.nowMs()).toBe(50_000);
  });

  it('never runs ahead of the hub, and is live again when it has caught up', () => {
    const { hub, clock } = makeClock(100_000);
    clock.rewind(200_000);
    expect(clock.nowMs()).toBe(100_000);
    clock.rewind(95_000, 10);
    hub.nowMs += 500;
    clock.settle();
    expect([clock.mode.value, clock.nowMs()]).toEqual(['rewound', 100_000]);
    hub.nowMs += 500;
    clock.settle();
    expect(clock.mode.value).toBe('live');
  });

  it('changes no signal as time passes', () => {
    const { hub, clock } = makeClock(100_000);
    clock.rewind(10_000, 60);
    let changes = -1;
    clock.state.subscribe(() => changes++);
    hub.nowMs += 1_000;
    clock.nowMs();
    clock.settle();
    expect(changes).toBe(0);
  });
});
