/**
 * The native format over MQTT: frames of a device on `lapwing/v1/<device>/up`, the hub's on `…/down`. A DeviceSession over an MqttLink.
 *
 * Owns one session for each client that sends frames. What a frame means is core/device-session's business, as on a WebSocket; the
 * client's credential stands for the token. The hub's frames go to this client alone, whether or not it has subscribed.
 */
import { type DeviceLink, DeviceSession, type SessionParts } from '../core/device-session.ts';

/** The part of a client that is needed here. */
export interface NativeClient {
  readonly conn: { end(): void };
  publish(
    packet: { cmd: 'publish'; topic: string; payload: Buffer; qos: 0; retain: false; dup: false },
    done: () => void,
  ): void;
}

export class MqttNative {
  private readonly sessions = new Map<NativeClient, DeviceSession>();
  private readonly parts: SessionParts;
  private readonly nowMs: () => number;

  constructor(parts: SessionParts, nowMs: () => number) {
    this.parts = parts;
    this.nowMs = nowMs;
  }

  count(): number {
    return this.sessions.size;
  }

  takes(topic: string, deviceId: string): boolean {
    return topic === `lapwing/v1/${deviceId}/up`;
  }

  take(client: NativeClient, deviceId: string, frame: Buffer): void {
    let session = this.sessions.get(client);
    if (session === undefined) {
      session = new DeviceSession(makeLink(client, deviceId), { claim: { deviceId }, nowMs: this.nowMs() }, this.parts);
      this.sessions.set(client, session);
    }
    if (frame.length > this.parts.options.frameBytesMax) {
      session.fail('frameTooLarge', `a frame of ${frame.length} bytes came`);
    } else session.linkOnFrame(frame, this.nowMs());
  }

  end(client: NativeClient): void {
    this.sessions.get(client)?.linkOnClose();
    this.sessions.delete(client);
  }

  sweep(nowMs: number): void {
    for (const session of this.sessions.values()) session.sweep(nowMs);
  }

  sayGoodbye(backMs: number): void {
    for (const session of this.sessions.values()) session.sayGoodbye('restarting', backMs);
  }
}

function makeLink(client: NativeClient, deviceId: string): DeviceLink {
  const topic = `lapwing/v1/${deviceId}/down`;
  return {
    send: (frame) =>
      client.publish(
        { cmd: 'publish', topic, payload: Buffer.from(frame), qos: 0, retain: false, dup: false },
        () => undefined,
      ),
    // The broker writes in a later turn of the event loop: what was sent just now must go out first.
    close: () => void setImmediate(() => setImmediate(() => client.conn.end())),
  };
}
