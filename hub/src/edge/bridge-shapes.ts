/**
 * What may be said about bridges over HTTP, as zod schemas. No state.
 */
import { z } from 'zod';

/** MQTT 3.1.1, 4.7: `+` a whole level, `#` a whole level and the last one; no NUL. */
const filterPattern = /^(?:(?:[^+#\0/]*|\+)\/)*(?:[^+#\0/]*|\+|#)$/;
const topicFilter = z.string().min(1).max(256).regex(filterPattern, 'a topic filter: + and # stand for whole levels');
const brokerUrl = z
  .string()
  .max(300)
  .refine(
    (text) => URL.canParse(text) && /^(mqtts?|wss?):$/.test(new URL(text).protocol),
    'must begin with mqtt://, mqtts://, ws:// or wss://',
  )
  .refine((text) => !URL.canParse(text) || new URL(text).password === '', 'the password has a field of its own');

const mqttBridge = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,32}$/, 'small letters, digits and -, at most 32'),
  isOn: z.boolean(),
  url: brokerUrl,
  username: z.string().max(128).default(''),
  read: z.array(topicFilter).max(64).default([]),
  homeAssistantPrefix: z
    .string()
    .max(64)
    .regex(/^(?:[^+#\0/]+(?:\/[^+#\0/]+)*)?$/, 'a topic without wildcards')
    .default('')
    .describe('usually homeassistant; empty: publish nothing'),
});

export const bridgeShapes = {
  ask: z.strictObject({
    prometheus: z.boolean().describe('newest values at /metrics/devices'),
    mqtt: z
      .array(mqttBridge.extend({ password: z.string().max(256).optional().describe('left out: as it was') }))
      .max(8)
      .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'two bridges have one id'),
  }),
  shown: z.object({
    prometheus: z.boolean(),
    mqtt: z.array(mqttBridge.extend({ hasPassword: z.boolean() })),
    health: z.array(
      z.object({
        id: z.string(),
        state: z.enum(['off', 'connecting', 'connected', 'waiting']),
        sinceMs: z.number(),
        error: z.string(),
        messagesIn: z.number(),
        messagesOut: z.number(),
      }),
    ),
  }),
};
