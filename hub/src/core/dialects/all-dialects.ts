/**
 * Every dialect there is, in the order in which a publication is offered to them: the surest topics first, what reads anything last.
 */
import type { Dialect } from './dialect.ts';
import { homeAssistant } from './home-assistant.ts';
import { shellyGen1 } from './shelly-gen1.ts';
import { shellyGen2 } from './shelly-gen2.ts';
import { tasmota } from './tasmota.ts';
import { zigbee2mqtt } from './zigbee2mqtt.ts';

export const allDialects: readonly Dialect[] = [tasmota, zigbee2mqtt, shellyGen2, shellyGen1, homeAssistant];
