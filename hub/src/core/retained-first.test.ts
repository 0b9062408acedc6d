import { expect, test } from 'vitest';
import { allDialects } from './dialects/all-dialects.ts';
import type { Publication } from './dialects/dialect.ts';
import { putIntroductionsFirst, RetainedFirst } from './retained-first.ts';

function makeOne(topic: string, arrivedMs: number, isLastKnown = true): Publication {
  return { topic, payload: new Uint8Array(10), isLastKnown, arrivedMs, sender: null };
}

test.each([
  ['esp/sensor/t/state', 'homeassistant/sensor/esp/t/config'],
  ['rooms/t', 'homeassistant/device/x/config'],
  ['tele/plug/STATE', 'tasmota/discovery/AABBCCDDEEFF/config'],
  ['zigbee2mqtt/lamp', 'zigbee2mqtt/bridge/devices'],
  ['homie/boiler/tank/level', 'homie/boiler/$homie'],
  ['homie/boiler/tank/level', 'homie/5/boiler/$description'],
  ['homie/boiler/tank/level', 'homie/boiler/tank/level/$unit'],
  ['shellies/x/relay/0', 'shellies/announce'],
])('%s is read behind %s', (state, introduction) => {
  const ordered = putIntroductionsFirst([{ topic: 'a' }, { topic: state }, { topic: introduction }], allDialects);
  expect(ordered.map(({ topic }) => topic)).toEqual([introduction, 'a', state]);
});

test('gathered until nothing retained comes any more; what is live waits behind', () => {
  const gather = new RetainedFirst(allDialects);
  const looks = () => [1, 2, 3, 4].map(() => gather.isComplete());
  expect(looks()).toEqual([false, false, false, false]);
  gather.noteSubscribed();
  gather.add(makeOne('rooms/t', 100));
  expect([gather.isComplete(), gather.isComplete()]).toEqual([false, false]);
  gather.add(makeOne('rooms/t', 150, false));
  gather.add(makeOne('homeassistant/sensor/esp/t/config', 200));
  expect(looks()).toEqual([false, false, false, true]);
  expect(gather.take().map(({ topic, isLastKnown }) => `${topic} ${isLastKnown}`)).toEqual([
    'homeassistant/sensor/esp/t/config true',
    'rooms/t true',
    'rooms/t false',
  ]);
  expect(gather.take()).toEqual([]);
});

test('not for ever, and not without a bound', () => {
  const slow = new RetainedFirst(allDialects);
  slow.noteSubscribed();
  let looks = 0;
  do slow.add(makeOne('a', 0));
  while (!slow.isComplete() && ++looks < 100);
  expect(looks).toBe(29);
  const many = new RetainedFirst(allDialects);
  let count = 1;
  while (many.add(makeOne('a', 0))) count += 1;
  expect(count).toBe(20_000);
  const large = new RetainedFirst(allDialects);
  expect(large.add({ ...makeOne('a', 0), payload: new Uint8Array(40_000_000) })).toBe(false);
});
