import { expect, test } from 'vitest';
import { explainUnknown } from './mqtt-access.ts';

test('the log says whose credentials did not fit and what to do, and never what may be a secret', () => {
  expect(explainUnknown('kitchen', 'wrong')).toContain('user kitchen: the password is neither');
  expect(explainUnknown('a\u001b\nb', 'wrong')).toContain('user a??b:');
  expect(explainUnknown('', '')).toContain('--mqtt-anonymous');
  expect(explainUnknown('maybe-a-token', '')).not.toContain('maybe-a-token');
});
