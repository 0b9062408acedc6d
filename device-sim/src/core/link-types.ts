/**
 * What goes into and comes out of the device side of a link: events, actions, stages. Types only.
 */
import type {
  Command,
  Desired,
  FaultReport,
  GoodbyeReason,
  HubMessage,
  MetricDeclaration,
  Welcome,
} from '@lapwing/protocol';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { Outbox } from './outbox.ts';
import type { Random } from './random.ts';

/** Two clocks, because a wall clock may jump: `nowMs` only rises and times the machine; `clockMs` is what the device believes. */
export interface LinkTime {
  readonly nowMs: number;
  readonly clockMs: number;
}

export interface DeviceLinkOptions {
  readonly deviceId: string;
  /** '' when the token travels in the upgrade request. */
  readonly token: string;
  readonly model: string;
  readonly firmware: string;
  readonly metrics: readonly MetricDeclaration[];
  readonly outbox: Outbox;
  readonly random: Random;
  readonly ackLatency: LatencyHistogram;
  /** False: a board without a clock of its own says 0 in Hello and Pong. */
  readonly hasClock: boolean;
  readonly drainMs: number;
}

export type LinkEvent =
  | { readonly name: 'start' }
  /** The socket is open. */
  | { readonly name: 'opened' }
  | { readonly name: 'heard'; readonly message: HubMessage }
  /** Bytes that are no message of the hub. */
  | { readonly name: 'garbled'; readonly report: FaultReport }
  /** The socket is gone. `httpStatus` when the hub refused the upgrade, else 0. */
  | {
      readonly name: 'closed';
      readonly code: number;
      readonly httpStatus: number;
      readonly retryAfterMs: number;
      readonly text: string;
    }
  /** The outbox has grown. */
  | { readonly name: 'appended' }
  /** `wakeMs` has come. */
  | { readonly name: 'due' }
  /** More metrics, behind those declared before. */
  | { readonly name: 'declared'; readonly metrics: readonly MetricDeclaration[] }
  | { readonly name: 'ran'; readonly id: string; readonly ok: boolean; readonly result: string }
  | { readonly name: 'applied'; readonly version: number; readonly state: string }
  /** Send what waits, wait for its Ack as long as `drainMs`, say Goodbye, close. */
  | { readonly name: 'leave'; readonly reason: GoodbyeReason; readonly backMs: number }
  /** Close at once. */
  | { readonly name: 'abort' };

export type LinkAction =
  | { readonly do: 'connect' }
  | { readonly do: 'send'; readonly frame: Uint8Array }
  | { readonly do: 'close'; readonly code: number }
  | { readonly do: 'welcomed'; readonly welcome: Welcome }
  /** The hub holds everything up to `seq` durably; that covers `readings` more than before. */
  | { readonly do: 'acked'; readonly seq: number; readonly readings: number }
  /** Hub clock minus device clock. */
  | { readonly do: 'clock'; readonly offsetMs: number }
  | { readonly do: 'run'; readonly command: Command }
  | { readonly do: 'apply'; readonly desired: Desired }
  | { readonly do: 'resample'; readonly intervalMs: number; readonly forMs: number }
  /** Something a person should know: why the link went, when it tries again. */
  | { readonly do: 'note'; readonly level: 'info' | 'warning' | 'error'; readonly text: string }
  /** The end of a `leave` or `abort`. */
  | { readonly do: 'left' }
  /** The hub will not have this device; trying again is useless until somebody acts. */
  | { readonly do: 'refused'; readonly text: string };

export type LinkStage =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly untilMs: number }
  | { readonly name: 'connecting'; readonly deadlineMs: number }
  | { readonly name: 'awaiting-welcome'; readonly deadlineMs: number }
  | { readonly name: 'live' }
  | {
      readonly name: 'draining';
      readonly deadlineMs: number;
      readonly reason: GoodbyeReason;
      readonly backMs: number;
    }
  | { readonly name: 'refused' };
