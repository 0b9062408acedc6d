import { expect, test } from 'vitest';
import { allDialects } from './dialects/all-dialects.ts';
import { type StoredTopicClaim, TopicClaims, type TopicClaimsLimits } from './topic-claims.ts';

class ClaimsBench {
  readonly alive = new Set(['a', 'b', 'kitchen']);
  readonly rows = new Map<string, string>();
  claims: TopicClaims;
  private readonly limits: TopicClaimsLimits;

  constructor(limits: TopicClaimsLimits = { perDeviceMax: 100, claimsMax: 100 }) {
    this.limits = limits;
    this.claims = this.open([]);
  }

  restart(): void {
    this.claims = this.open([...this.rows].map(([key, deviceId]) => ({ key, deviceId })));
  }

  private open(stored: StoredTopicClaim[]): TopicClaims {
    const parts = {
      rules: allDialects,
      isAlive: (deviceId: string) => this.alive.has(deviceId),
      persist: (key: string, deviceId: string | null) =>
        void (deviceId === null ? this.rows.delete(key) : this.rows.set(key, deviceId)),
    };
    return new TopicClaims(stored, parts, this.limits);
  }
}

test('a topic is its first publisher’s, and says to others whose; also after a restart', () => {
  const bench = new ClaimsBench();
  expect(bench.claims.claim('house/floor/room/temp', 'a')).toBe('');
  for (const _ of [1, 2]) {
    expect(bench.claims.claim('house/floor/room/temp', 'b')).toContain('belongs to the device a');
    expect(bench.claims.refuseNobody('house/floor/room/temp')).toContain('belongs to the device a');
    expect(bench.claims.claim('house/floor/room/temp', 'a')).toBe('');
    bench.restart();
  }
  expect(bench.claims.claim('house/floor/room/hum', 'b')).toBe('');
});

test('what the levels name is the device’s of that name, also before it has said anything', () => {
  const { claims } = new ClaimsBench();
  for (const topic of ['kitchen/temp', 'rooms/kitchen/temp', 'tele/kitchen/SENSOR', 'spBv1.0/G/NDATA/kitchen']) {
    expect(claims.claim(topic, 'a')).toContain('belongs to the device kitchen');
    expect(claims.ownerOf(topic)).toBe('kitchen');
    expect(claims.claim(topic, 'kitchen')).toBe('');
  }
  // Further down it is the sender's own word for something.
  expect(claims.claim('a/b/c/kitchen', 'a')).toBe('');
});

test.each([
  ['tele/plug/STATE', ['stat/plug/RESULT', 'cmnd/plug/POWER', 'plug/tele/SENSOR', 'tele/plug/LWT']],
  ['tele/cellar/plug/STATE', ['stat/cellar/plug/RESULT', 'cmnd/cellar/plug/#']],
  ['tasmota/discovery/A1B2C3D4E5F6/config', ['tasmota/discovery/A1B2C3D4E5F6/sensors']],
  ['homeassistant/sensor/node/temp/config', ['homeassistant/switch/node/relay/config']],
  ['shellies/shelly1-1/relay/0', ['shellies/shelly1-1/online', 'shellies/shelly1-1/relay/0/command']],
  ['shellyplus1-a1b2c3d4e5f6/online', ['shellyplus1-a1b2c3d4e5f6/rpc', 'shelly-reply/shellyplus1-a1b2c3d4e5f6/rpc']],
  ['garage/door/events/rpc', ['garage/door/rpc', 'shelly-reply/garage/door/rpc']],
  ['zigbee2mqtt/bridge/state', ['zigbee2mqtt/lamp', 'zigbee2mqtt/lamp/set']],
  ['spBv1.0/G/NBIRTH/node', ['spBv1.0/G/DDATA/node/pump', 'spBv1.0/G/NCMD/node']],
  ['homie/boiler/$state', ['homie/boiler/tank/level', 'homie/boiler/tank/pump/set']],
  ['homie/5/boiler/$state', ['homie/5/boiler/tank/level']],
  ['application/7/device/0102030405060708/event/up', ['application/7/device/0102030405060709/event/join']],
  ['telegraf/host/cpu', ['telegraf/host/mem']],
])('%s claims all topics of its name', (first, others) => {
  const { claims } = new ClaimsBench();
  expect(claims.claim(first, 'a')).toBe('');
  for (const topic of others) {
    expect(claims.ownerOf(topic), topic).toBe('a');
    expect(claims.claim(topic, 'b'), topic).not.toBe('');
    expect(claims.claim(topic, 'a'), topic).toBe('');
  }
});

test.each([
  ['tele/plug/STATE', 'tele/bulb/STATE'],
  ['spBv1.0/G/NBIRTH/one', 'spBv1.0/G/NBIRTH/two'],
  ['homeassistant/sensor/one/t/config', 'homeassistant/sensor/two/t/config'],
  ['sensors/temperature/one', 'sensors/temperature/two'],
])('%s leaves %s free', (first, second) => {
  const { claims } = new ClaimsBench();
  expect(claims.claim(first, 'a')).toBe('');
  expect(claims.claim(second, 'b')).toBe('');
});

test('what all devices of a dialect use is nobody’s, and the hub’s word is the hub’s', () => {
  const { claims } = new ClaimsBench();
  for (const topic of ['v1/devices/me/telemetry', 'shellies/announce', 'telegraf', 'senml']) {
    for (const id of ['a', 'b', 'a']) expect(claims.claim(topic, id)).toBe('');
    expect(claims.ownerOf(topic)).toBeNull();
  }
  for (const topic of ['spBv1.0/STATE/lapwing', 'homeassistant/status']) {
    expect(claims.claim(topic, 'a')).toContain('the hub’s own');
    expect(claims.refuseNobody(topic)).toContain('the hub’s own');
    expect(claims.ownerOf(topic)).toBeNull();
  }
});

test('a claim ends with its credential, and the next one has it', () => {
  const bench = new ClaimsBench();
  bench.claims.claim('x/y', 'a');
  bench.alive.delete('a');
  expect(bench.claims.ownerOf('x/y')).toBeNull();
  expect(bench.claims.claim('x/y', 'b')).toBe('');
  bench.alive.add('a');
  expect(bench.claims.claim('x/y', 'a')).toContain('belongs to the device b');
  bench.restart();
  expect(bench.claims.ownerOf('x/y')).toBe('b');
});

test('endless topics cost a fixed amount: the oldest of whoever holds most is free again', () => {
  const bench = new ClaimsBench({ perDeviceMax: 10, claimsMax: 15 });
  bench.claims.claim('b/only', 'b');
  for (let i = 0; i < 50; i++) expect(bench.claims.claim(`topic/${i}`, 'a')).toBe('');
  expect(bench.claims.size).toBe(10);
  expect(bench.rows.size).toBe(10);
  expect(bench.claims.claim('topic/0', 'kitchen')).toBe('');
  expect(bench.claims.claim('topic/49', 'kitchen')).not.toBe('');
  for (let i = 0; i < 9; i++) bench.claims.claim(`more/${i}`, 'kitchen');
  expect(bench.claims.size).toBe(15);
  // The name of a dialect that made room takes its topics along.
  bench.claims.claim('tele/plug/STATE', 'b');
  for (let i = 0; i < 10; i++) bench.claims.claim(`fresh/${i}`, 'b');
  expect(bench.claims.claim('tele/plug/STATE', 'a')).toBe('');
});
