/**
 * HTTP routes about retention: what is kept for how long, what a change of that would take, and the change. No state of its own.
 */
import type { RetentionPreview, Store } from '../core/ports.ts';
import { orNull } from './device-routes.ts';
import { makeRoute, type Route } from './http-router.ts';
import { shapes } from './http-shapes.ts';

const path = '/api/v1/retention';

export function makeRetentionRoutes({ store, nowMs }: { store: Store; nowMs: () => number }): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path,
      access: 'reader',
      summary: 'How long readings and rollups are kept; no rules: for ever',
      answer: shapes.retention,
      handle: async () => ({ status: 200, json: await store.retention() }),
    }),
    makeRoute({
      method: 'POST',
      path,
      access: 'person',
      summary: 'Say how long readings and rollups are kept; what is older goes within minutes and does not come back',
      body: shapes.retention,
      answer: shapes.retention,
      handle: async ({ body }) => {
        await store.commitChange({ kind: 'retention', policy: body });
        return { status: 200, json: body };
      },
    }),
    makeRoute({
      method: 'POST',
      path: `${path}/preview`,
      access: 'person',
      summary: 'What such rules would take if they were saved now, in bytes and days; changes nothing',
      body: shapes.retention,
      answer: shapes.retentionPreview,
      handle: async ({ body, signal }) => {
        const preview = await store.previewRetention({ policy: body, nowMs: nowMs() }, signal);
        return { status: 200, json: describePreview(preview) };
      },
    }),
  ];
}

function describePreview({ rules }: RetentionPreview) {
  return {
    bytesFreed: rules.reduce((sum, rule) => sum + rule.readingBytesFreed + rule.rollupBytesFreed, 0),
    rules: rules.map(({ readingsFromMs, readingsToMs, ...rule }) => ({
      ...rule,
      readingsFromMs: orNull(readingsFromMs),
      readingsToMs: orNull(readingsToMs),
    })),
  };
}
