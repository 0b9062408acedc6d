/**
 * Bodies of what the hub says to devices (SPEC, table of messages), and of Fault, which viewers hear too.
 *
 * No state. After a fault the reader gives zeros: the caller looks at `reader.fault` before it uses a message.
 */
import type { ByteReader } from './byte-reader.ts';
import { limits } from './limits.ts';
import { textRules } from './message-codes.ts';
import type { Message, Welcome } from './messages.ts';
import { readVersion } from './read-device-body.ts';

/** The message, or null when `name` is none of these. */
export function readHubBody(from: ByteReader, name: Message['type']): Message | null {
  switch (name) {
    case 'welcome':
      return readWelcome(from);
    case 'ack':
      return { type: 'ack', seq: from.readUv() };
    case 'command':
      return {
        type: 'command',
        id: from.readText(textRules.commandId),
        deadlineMs: from.readMs(),
        name: from.readText(textRules.commandName),
        args: from.readText(textRules.document),
      };
    case 'desired':
      return { type: 'desired', version: from.readUv(), state: from.readText(textRules.document) };
    case 'rate':
      return { type: 'rate', intervalMs: from.readUv(), forMs: from.readUv() };
    case 'fault':
      return {
        type: 'fault',
        code: from.readU16(),
        retryAfterMs: from.readUv(),
        text: from.readText(textRules.faultText),
      };
    default:
      return null;
  }
}

function readWelcome(from: ByteReader): Welcome {
  return {
    type: 'welcome',
    version: readVersion(from),
    serverMs: from.readMs(),
    committedSeq: from.readUv(),
    ackIntervalMs: from.readUv(),
    heartbeatMs: from.readPositive('heartbeatMs'),
    frameBytesMax: readBound(from, limits.frameBytesMax, 'frameBytesMax'),
    batchRowsMax: readBound(from, limits.batchRowsMax, 'batchRowsMax'),
    metricsMax: readBound(from, limits.metricsMax, 'metricsMax'),
    inFlightMax: from.readPositive('inFlightMax'),
  };
}

/** A hub may lower a limit of the protocol, never raise it. */
function readBound(from: ByteReader, max: number, what: string): number {
  const start = from.at;
  const bound = from.readPositive(what);
  if (bound > max) from.fail('valueOutOfRange', `${what} ${bound} is above ${max}`, start);
  return bound;
}
