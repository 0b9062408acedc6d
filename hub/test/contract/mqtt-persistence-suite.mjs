/**
 * The broker's own tests of a persistence (aedes-persistence/abstract.js) against the hub's, for `node --test`: they are written for
 * its runner. mqtt-persistence.test.ts runs this file.
 */
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { MqttPersistence } from '../../src/edge/mqtt-persistence.ts';

const abstract = createRequire(createRequire(import.meta.url).resolve('aedes'))('aedes-persistence/abstract.js');
const store = { change: () => undefined, commit: () => Promise.resolve() };
abstract({ test, persistence: () => new MqttPersistence([], store), testAsync: true });
