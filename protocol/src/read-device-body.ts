/**
 * Bodies of what devices say, Batch apart (SPEC, table of messages), and of what every link says.
 *
 * No state. After a fault the reader gives zeros: the caller looks at `reader.fault` before it uses a message.
 */
import type { ByteReader } from './byte-reader.ts';
import { deviceIdPattern, limits } from './limits.ts';
import { eventLevels, goodbyeReasons, metricKinds, protocolVersion, skipReasons, textRules } from './message-codes.ts';
import type { Declare, Hello, Message, MetricDeclaration, Skipped } from './messages.ts';

/** The message, or null when `name` is none of a device's. */
export function readDeviceBody(from: ByteReader, name: Message['type']): Message | null {
  switch (name) {
    case 'hello':
      return readHello(from);
    case 'declare':
      return readDeclare(from);
    case 'skipped':
      return readSkipped(from);
    case 'event':
      return {
        type: 'event',
        seq: from.readPositive('seq'),
        atMs: from.readMs(),
        level: eventLevels[from.readChoice(eventLevels.length, 'level')]!,
        code: from.readText(textRules.eventCode),
        text: from.readText(textRules.eventText),
      };
    case 'commandResult':
      return {
        type: 'commandResult',
        id: from.readText(textRules.commandId),
        ok: from.readChoice(2, 'ok') === 1,
        result: from.readText(textRules.document),
      };
    case 'reported':
      return { type: 'reported', version: from.readUv(), state: from.readText(textRules.document) };
    case 'flush':
      return { type: 'flush' };
    case 'ping':
      return { type: 'ping', sentMs: from.readMs() };
    case 'pong':
      return { type: 'pong', pingSentMs: from.readMs(), clockMs: from.readMs() };
    case 'goodbye':
      return {
        type: 'goodbye',
        reason: goodbyeReasons[from.readChoice(goodbyeReasons.length, 'reason')]!,
        backMs: from.readUv(),
      };
    default:
      return null;
  }
}

export function readDeviceId(from: ByteReader): string {
  const start = from.at;
  const deviceId = from.readText(textRules.deviceId);
  if (from.fault === null && !deviceIdPattern.test(deviceId)) {
    from.fail('invalidText', 'a device id holds letters, digits and . _ - : and starts with a letter or digit', start);
  }
  return deviceId;
}

/** Count and metrics; at most `metricsMax`, no name twice. */
export function readMetrics(from: ByteReader, metricsMax: number): MetricDeclaration[] {
  const count = from.readCount(metricsMax, 'tooManyMetrics', 'metrics');
  const metrics: MetricDeclaration[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count && from.fault === null; i++) {
    const start = from.at;
    const kind = metricKinds[from.readChoice(metricKinds.length, 'metric kind')]!;
    const name = from.readText(textRules.metricName);
    const unit = from.readText(textRules.unit);
    if (names.has(name)) from.fail('metricConflict', `the table names metric ${i} a second time`, start);
    names.add(name);
    metrics.push({ name, unit, kind });
  }
  return metrics;
}

/** Hello and Welcome begin with the version; behind another version's number nothing else can be read. */
export function readVersion(from: ByteReader): number {
  const version = from.readByte();
  if (from.fault === null && version !== protocolVersion) {
    from.fail('unsupportedVersion', `version ${version}, this side speaks ${protocolVersion}`, from.at - 1);
  }
  return version;
}

function readHello(from: ByteReader): Hello {
  return {
    type: 'hello',
    version: readVersion(from),
    deviceId: readDeviceId(from),
    token: from.readText(textRules.token),
    model: from.readText(textRules.fact),
    firmware: from.readText(textRules.fact),
    epoch: from.readPositive('epoch'),
    clockMs: from.readMs(),
    metrics: readMetrics(from, limits.metricsMax),
  };
}

function readDeclare(from: ByteReader): Declare {
  const start = from.at;
  const firstIndex = from.readUv();
  const metrics = readMetrics(from, limits.metricsMax);
  if (firstIndex + metrics.length > limits.metricsMax) {
    from.fail('tooManyMetrics', `${firstIndex} + ${metrics.length} metrics, at most ${limits.metricsMax}`, start);
  }
  return { type: 'declare', firstIndex, metrics };
}

function readSkipped(from: ByteReader): Skipped {
  const start = from.at;
  const fromSeq = from.readPositive('fromSeq');
  const toSeq = from.readUv();
  if (toSeq < fromSeq) from.fail('valueOutOfRange', `Skipped from ${fromSeq} to ${toSeq}`, start);
  return {
    type: 'skipped',
    fromSeq,
    toSeq,
    reason: skipReasons[from.readChoice(skipReasons.length, 'reason')]!,
    fromMs: from.readMs(),
    toMs: from.readMs(),
    readings: from.readUv(),
  };
}
