/**
 * The device side of a link (SPEC SE, DL, CM, RC) as a state machine: stage × event → actions.
 *
 * Owns the stage, the clock offset and which commands were run; `window` owns what is sent and acked. Invariant: sequenced
 * messages go out only in stages live and draining. Refuses to do I/O or read a clock: events bring
 * the time, the caller does the actions in order and calls again at `wakeMs`.
 */
import {
  type Command,
  closeCodeOf,
  encodeMessage,
  type Fault,
  type HubMessage,
  type MetricDeclaration,
  type Welcome,
} from '@lapwing/protocol';
import { adviceOf, BackOff, faultCodeOf, judgeFault, waitAfter } from './back-off.ts';
import { ClockOffset } from './clock-offset.ts';
import { CommandMemory, type CommandOutcome } from './command-memory.ts';
import { DeliveryWindow } from './delivery-window.ts';
import type { DeviceLinkOptions, LinkAction, LinkEvent, LinkStage, LinkTime } from './link-types.ts';
import { drawEpoch } from './random.ts';

const connectMs = 10_000;
const welcomeMs = 15_000;
/** A link is given up after this many heartbeats of silence, the same number the hub uses. */
const silentHeartbeatsMax = 2.5;
const version = 1;

export class DeviceLink {
  stage: LinkStage = { name: 'idle' };
  /** Call with `due` then; Infinity: nothing to wait for. */
  wakeMs = Number.POSITIVE_INFINITY;
  reconnects = 0;
  framesSent = 0;
  readonly commands = new CommandMemory();
  readonly clock = new ClockOffset();
  readonly window: DeliveryWindow;

  private readonly options: DeviceLinkOptions;
  private readonly metrics: MetricDeclaration[];
  private readonly backOff: BackOff;
  /** As the newest Welcome told. */
  private heartbeatMs = 0;
  private declared = 0;
  private heardMs = 0;
  private pingDueMs = Number.POSITIVE_INFINITY;
  private retryAfterMs = 0;
  private appliedVersion = 0;
  private epochBegunMs = Number.NEGATIVE_INFINITY;
  private actions: LinkAction[] = [];

  constructor(options: DeviceLinkOptions) {
    this.options = options;
    this.metrics = [...options.metrics];
    this.backOff = new BackOff(options.random);
    this.window = new DeliveryWindow(options.outbox, options.ackLatency);
  }

  step(event: LinkEvent, time: LinkTime): readonly LinkAction[] {
    this.actions = [];
    this.meet(event, time);
    this.wakeMs = this.nextWakeMs();
    return this.actions;
  }

  private meet(event: LinkEvent, time: LinkTime): void {
    switch (event.name) {
      case 'start':
        if (this.stage.name === 'idle' || this.stage.name === 'refused') this.connect(time);
        return;
      case 'opened':
        if (this.stage.name === 'connecting') this.sayHello(time);
        return;
      case 'heard':
        this.heardMs = time.nowMs;
        this.hear(event.message, time);
        return;
      case 'garbled':
        this.note('warning', `the hub sent what is no message (${event.report.fault}: ${event.report.text})`);
        this.hangUp(closeCodeOf(event.report.fault), 0, time);
        return;
      case 'closed':
        this.meetClosed(event, time);
        return;
      case 'appended':
        this.sendWaiting(time);
        return;
      case 'due':
        this.meetDue(time);
        return;
      case 'declared':
        this.metrics.push(...event.metrics);
        this.declareRest();
        return;
      case 'ran':
        this.commands.finish(event.id, { ok: event.ok, result: event.result });
        this.answerCommand(event.id, event);
        return;
      case 'applied':
        if (this.isOpen()) this.say(encodeMessage({ type: 'reported', version: event.version, state: event.state }));
        return;
      case 'leave':
        this.meetLeave(event, time);
        return;
      case 'abort':
        if (this.stage.name !== 'idle') this.end();
        return;
    }
  }

  private connect(time: LinkTime): void {
    this.stage = { name: 'connecting', deadlineMs: time.nowMs + connectMs };
    this.actions.push({ do: 'connect' });
  }

  private sayHello(time: LinkTime): void {
    const { deviceId, token, model, firmware, outbox, hasClock } = this.options;
    this.stage = { name: 'awaiting-welcome', deadlineMs: time.nowMs + welcomeMs };
    this.retryAfterMs = 0;
    this.declared = this.metrics.length;
    const clockMs = hasClock ? Math.round(time.clockMs) : 0;
    const hello = { deviceId, token, model, firmware, epoch: outbox.epoch, clockMs, metrics: this.metrics };
    this.say(encodeMessage({ type: 'hello', version, ...hello }));
  }

  private hear(message: HubMessage, time: LinkTime): void {
    if (message.type === 'fault') return this.hearFault(message, time);
    if (this.stage.name === 'awaiting-welcome') {
      if (message.type === 'welcome') return this.hearWelcome(message, time);
      if (message.type === 'ping') return this.answerPing(message.sentMs, time);
      if (message.type === 'goodbye') return this.hangUp(1000, message.backMs, time);
      return;
    }
    if (!this.isOpen()) return;
    switch (message.type) {
      case 'ack':
        return this.hearAck(message.seq, time);
      case 'ping':
        return this.answerPing(message.sentMs, time);
      case 'pong':
        this.backOff.reset();
        if (this.clock.takePong(message, time.clockMs))
          this.actions.push({ do: 'clock', offsetMs: this.clock.offsetMs });
        return;
      case 'command':
        return this.hearCommand(message, time);
      case 'desired':
        // CM-5: the hub repeats what it wants on every link.
        if (message.version > this.appliedVersion) this.actions.push({ do: 'apply', desired: message });
        this.appliedVersion = Math.max(this.appliedVersion, message.version);
        return;
      case 'rate':
        this.actions.push({ do: 'resample', intervalMs: message.intervalMs, forMs: message.forMs });
        return;
      case 'goodbye':
        this.note('info', `the hub is ${message.reason}, back in ${message.backMs} ms`);
        return this.hangUp(1000, message.backMs, time);
      case 'welcome':
        return;
    }
  }

  private hearWelcome(welcome: Welcome, time: LinkTime): void {
    if (this.window.isOldCopy(welcome.committedSeq)) return this.beginEpoch(welcome.committedSeq, time);
    this.heartbeatMs = welcome.heartbeatMs;
    this.stage = { name: 'live' };
    // At once: its Pong proves the link long before a lazy Ack does (RC-1), and measures the clock.
    this.pingDueMs = time.nowMs;
    this.clock.takeWelcome(welcome, time.clockMs);
    this.actions.push({ do: 'welcomed', welcome }, { do: 'clock', offsetMs: this.clock.offsetMs });
    const { regressions } = this.window;
    const readings = this.window.resume(welcome.committedSeq, {
      inFlightMax: welcome.inFlightMax,
      nowMs: time.nowMs,
    });
    if (this.window.regressions > regressions) this.note('warning', 'the hub holds less than it acked before');
    this.actions.push({ do: 'acked', seq: welcome.committedSeq, readings });
    this.declareRest();
    this.sendWaiting(time);
  }

  /** DL-16. */
  private beginEpoch(committedSeq: number, time: LinkTime): void {
    const text = `the hub holds message ${committedSeq}, which this outbox never sent, so it is an old copy`;
    const taken = this.window.beginEpoch(drawEpoch(this.options.random));
    this.note(
      'warning',
      `${text}: ${taken ? 'all it holds is sent under new numbers' : 'but it cannot be renumbered now'}`,
    );
    // At once, but for a disk that refuses and a hub that says so of the new epoch too.
    if (!taken || time.nowMs - this.epochBegunMs < waitAfter('mend')) return this.hangUp(1000, waitAfter('mend'), time);
    this.epochBegunMs = time.nowMs;
    this.actions.push({ do: 'close', code: 1000 });
    this.connect(time);
  }

  private hearAck(seq: number, time: LinkTime): void {
    if (seq > this.window.sentSeq) {
      this.note('warning', `the hub acked ${seq}, but only ${this.window.sentSeq} was sent`);
      return this.hangUp(1002, 0, time);
    }
    this.backOff.reset();
    this.actions.push({ do: 'acked', seq, readings: this.window.ack(seq, time.nowMs) });
    this.sendWaiting(time);
    this.finishDraining();
  }

  /** Sends from the outbox as far as the window allows. */
  private sendWaiting(time: LinkTime): void {
    if (!this.isOpen()) return;
    for (;;) {
      const frame = this.window.takeFrame(time);
      if (frame === null) return;
      this.say(frame);
      if (this.window.wantsAck()) this.flush();
    }
  }

  private flush(): void {
    this.window.noteFlushed();
    this.say(encodeMessage({ type: 'flush' }));
  }

  private declareRest(): void {
    if (!this.isOpen() || this.declared === this.metrics.length) return;
    const metrics = this.metrics.slice(this.declared);
    this.say(encodeMessage({ type: 'declare', firstIndex: this.declared, metrics }));
    this.declared = this.metrics.length;
  }

  private hearCommand(command: Command, time: LinkTime): void {
    const known = this.commands.meet(command, this.clock.toHubMs(time.clockMs));
    if (known === 'new') this.actions.push({ do: 'run', command });
    else if (known !== 'running') this.answerCommand(command.id, known);
  }

  private answerCommand(id: string, { ok, result }: CommandOutcome): void {
    if (this.isOpen()) this.say(encodeMessage({ type: 'commandResult', id, ok, result }));
  }

  private answerPing(pingSentMs: number, time: LinkTime): void {
    const clockMs = this.options.hasClock ? Math.round(time.clockMs) : 0;
    this.say(encodeMessage({ type: 'pong', pingSentMs, clockMs }));
  }

  private hearFault(fault: Fault, time: LinkTime): void {
    this.retryAfterMs = Math.max(this.retryAfterMs, fault.retryAfterMs);
    this.note('warning', `the hub ended the link: ${adviceOf(fault.code)}${fault.text ? ` (${fault.text})` : ''}`);
    this.judge(fault.code, time);
  }

  private judge(code: number, time: LinkTime): void {
    const verdict = judgeFault(code);
    if (verdict === 'refused') {
      this.actions.push({ do: 'close', code: 1000 }, { do: 'refused', text: adviceOf(code) });
      this.stage = { name: 'refused' };
      return;
    }
    if (verdict === 'frame-refused' && this.isOpen()) {
      const given = this.window.countRefusal();
      if (given > 0) this.note('error', `the hub refuses message ${given} every time: given up`);
    }
    this.hangUp(1000, Math.max(this.retryAfterMs, waitAfter(verdict)), time);
  }

  private meetClosed(event: LinkEvent & { name: 'closed' }, time: LinkTime): void {
    if (event.httpStatus === 401 || event.httpStatus === 403) {
      this.stage = { name: 'refused' };
      this.actions.push({ do: 'refused', text: adviceOf(faultCodeOf(closeCodeOf('unauthorized'))) });
      return;
    }
    switch (this.stage.name) {
      case 'idle':
      case 'waiting':
      case 'refused':
        return;
      case 'draining':
        return this.end();
      default: {
        const code = faultCodeOf(event.code);
        if (code !== 0) {
          this.note('warning', `the hub closed the link: ${adviceOf(code)}`);
          return this.judge(code, time);
        }
        const why = event.text || String(event.code);
        if (this.stage.name === 'live') this.note('info', `the link is gone (${why})`);
        else if (this.backOff.attempts === 0) this.note('info', `the hub cannot be reached (${why}): trying again`);
        this.waitToRetry(Math.max(event.retryAfterMs, this.retryAfterMs), time);
      }
    }
  }

  private meetDue(time: LinkTime): void {
    const { stage } = this;
    switch (stage.name) {
      case 'waiting':
        if (time.nowMs >= stage.untilMs) this.connect(time);
        return;
      case 'connecting':
      case 'awaiting-welcome':
        if (time.nowMs >= stage.deadlineMs) this.hangUp(1000, 0, time);
        return;
      case 'draining':
        if (time.nowMs >= stage.deadlineMs) this.sayGoodbye();
        return;
      case 'live':
        return this.beat(time);
    }
  }

  private beat(time: LinkTime): void {
    if (time.nowMs >= this.silentMs()) {
      this.note('warning', `nothing heard from the hub for ${silentHeartbeatsMax} heartbeats`);
      return this.hangUp(closeCodeOf('heartbeatTimeout'), 0, time);
    }
    if (time.nowMs < this.pingDueMs) return;
    this.say(encodeMessage({ type: 'ping', sentMs: Math.round(time.clockMs) }));
    this.pingDueMs = time.nowMs + this.heartbeatMs;
  }

  private meetLeave(event: LinkEvent & { name: 'leave' }, time: LinkTime): void {
    if (this.stage.name !== 'live') return this.end();
    this.stage = {
      name: 'draining',
      deadlineMs: time.nowMs + this.options.drainMs,
      reason: event.reason,
      backMs: event.backMs,
    };
    this.sendWaiting(time);
    if (this.window.inFlight() > 0) this.flush();
    this.finishDraining();
  }

  private finishDraining(): void {
    if (this.stage.name !== 'draining') return;
    if (this.window.isDrained()) this.sayGoodbye();
  }

  private sayGoodbye(): void {
    if (this.stage.name !== 'draining') return;
    this.say(encodeMessage({ type: 'goodbye', reason: this.stage.reason, backMs: this.stage.backMs }));
    this.end();
  }

  private end(): void {
    const hadSocket = this.isOpen() || this.stage.name === 'connecting' || this.stage.name === 'awaiting-welcome';
    this.stage = { name: 'idle' };
    this.window.forgetSent();
    this.backOff.reset();
    if (hadSocket) this.actions.push({ do: 'close', code: 1000 });
    this.actions.push({ do: 'left' });
  }

  private hangUp(code: number, atLeastMs: number, time: LinkTime): void {
    this.actions.push({ do: 'close', code });
    if (this.stage.name === 'draining') return this.end();
    this.waitToRetry(atLeastMs, time);
  }

  private waitToRetry(atLeastMs: number, time: LinkTime): void {
    if (this.stage.name === 'live') this.reconnects += 1;
    this.window.forgetSent();
    this.stage = { name: 'waiting', untilMs: time.nowMs + this.backOff.draw(atLeastMs) };
  }

  private nextWakeMs(): number {
    switch (this.stage.name) {
      case 'idle':
      case 'refused':
        return Number.POSITIVE_INFINITY;
      case 'waiting':
        return this.stage.untilMs;
      case 'live':
        return Math.min(this.pingDueMs, this.silentMs());
      default:
        return this.stage.deadlineMs;
    }
  }

  /** When silence means that the link is dead. */
  private silentMs(): number {
    return this.heardMs + this.heartbeatMs * silentHeartbeatsMax;
  }

  private isOpen(): boolean {
    return this.stage.name === 'live' || this.stage.name === 'draining';
  }

  private say(frame: Uint8Array): void {
    this.framesSent += 1;
    this.actions.push({ do: 'send', frame });
  }

  private note(level: 'info' | 'warning' | 'error', text: string): void {
    this.actions.push({ do: 'note', level, text });
  }
}
