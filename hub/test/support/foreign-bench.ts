/**
 * A hub's foreign intake on a bench: what dialects found goes in, what is stored comes out. For tests.
 */
import { decodeMessage } from '@lapwing/protocol';
import type { Finding, FoundReading } from '../../src/core/dialects/dialect.ts';
import type { ForeignDelivery } from '../../src/core/foreign-delivery.ts';
import { ForeignDevices } from '../../src/core/foreign-devices.ts';
import { ForeignIntake } from '../../src/core/foreign-intake.ts';
import type { ForeignOutcome } from '../../src/core/foreign-outcome.ts';
import { Inbox } from '../../src/core/inbox.ts';
import { OnceKeys } from '../../src/core/once-keys.ts';
import { CoreBench } from './core-bench.ts';
import type { MemoryStore } from './memory-store.ts';

export class ForeignBench {
  readonly core: CoreBench;
  readonly foreign: ForeignIntake;
  readonly names: string[] = [];
  readonly revoked: string[] = [];
  readonly faults: object[] = [];

  constructor(store?: MemoryStore) {
    this.core = new CoreBench(1_000_000, store);
    const { roster, feed, intake } = this.core;
    const state = this.core.store.stateAfterCrash();
    const devices = new ForeignDevices(state.foreignDevices ?? [], {
      roster,
      feed,
      persist: (change) => this.core.store.change(change),
      nameOnLearnt: (_device, name) => this.names.push(name),
      deviceOnRevoked: ({ deviceId }) => this.revoked.push(deviceId),
    });
    const noteFault = (fault: object) => void this.faults.push(fault);
    const parts = { store: this.core.store, intake, feed, devices, inbox: new Inbox(), noteFault };
    this.foreign = new ForeignIntake({ ...parts, onceKeys: new OnceKeys(state.onceKeys) });
    const listener = this.core.store.listener!;
    this.core.store.listener = {
      ...listener,
      storeOnCommitted: (receipt) => {
        listener.storeOnCommitted(receipt);
        this.foreign.storeOnCommitted();
      },
      storeOnAbandoned: (streams) => {
        listener.storeOnAbandoned(streams);
        this.foreign.storeOnAbandoned(streams);
      },
    };
  }

  take(findings: readonly Finding[], more: Partial<ForeignDelivery> = {}): ForeignOutcome[] {
    const outcomes: ForeignOutcome[] = [];
    const message = { dialect: 'plain', topic: 't', payload: new Uint8Array(0), arrivedMs: this.core.nowMs };
    const sender = { sender: null, admits: true, once: null, isRepeated: false, isLastKnown: false };
    this.foreign.take({ ...message, ...sender, findings, ...more }, (outcome) => outcomes.push(outcome));
    return outcomes;
  }

  /** What is stored: device, metric, value, time. */
  stored(): string[] {
    const { roster, store } = this.core;
    return store.frames.flatMap(({ stream, frame }) => {
      const decoded = decodeMessage(frame, 'device');
      if (!decoded.ok || decoded.message.type !== 'batch') return [];
      const { device, table } = roster.streams.get(stream)!;
      const { times, columns } = decoded.message;
      const lines: string[] = [];
      for (const { metric, present, values } of columns) {
        times.forEach((time, row) => {
          if (present !== null && present[row] !== 1) return;
          lines.push(`${device.deviceId} ${device.metrics[table[metric]!]!.name}=${values[row]}@${time}`);
        });
      }
      return lines;
    });
  }
}

export const reading = (device: string, metric: string, value: number | string): FoundReading => ({
  type: 'reading',
  ...{ device, metric, unit: '', kind: typeof value === 'string' ? 'text' : 'gauge', value },
  ...{ timeMs: null, isHistorical: false },
});
