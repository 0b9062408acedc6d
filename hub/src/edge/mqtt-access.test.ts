import { expect, test } from 'vitest';
import { type AccessParts, explainUnknown, MqttAccess } from './mqtt-access.ts';

test('the log says whose credentials did not fit and what to do, and never what may be a secret', () => {
  expect(explainUnknown('kitchen', 'wrong')).toContain('user kitchen: the password is neither');
  expect(explainUnknown('a\u001b\nb', 'wrong')).toContain('user a??b:');
  expect(explainUnknown('', '')).toContain('--mqtt-anonymous');
  expect(explainUnknown('maybe-a-token', '')).not.toContain('maybe-a-token');
});

test('to who shows a good key for a name with another secret, the log does not advise another key', () => {
  const identity = { findEnrolmentKey: () => ({}) } as unknown as AccessParts['identity'];
  const access = new MqttAccess({ identity, nowMs: () => 0 } as unknown as AccessParts);
  const told = access.explain({ clientId: 'c1', username: 'shed', password: 'GoodKey' });
  expect(told).toContain('shed: this device has a secret of its own');
  expect(told).not.toContain('enrolment-key');
  const nameless = access.explain({ clientId: 'not an id', username: 'GoodKey', password: '' });
  expect(nameless).toContain('shall name the device');
  expect(nameless).not.toContain('GoodKey');
});
