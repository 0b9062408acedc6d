/**
 * A TCP connection that is read into one buffer for all of them: what came is taken while it is there, or copied.
 *
 * Node's own way makes a buffer of 64 KiB for each read and queues it; of a message of thirty bytes that is most of what reading costs.
 * Owns the bytes that nobody has taken yet. Invariant: nothing is read from the kernel while there are any. It never tells whoever
 * writes to wait (mqtt-link bounds what is unread), and does not know what the bytes mean.
 */
import { Socket } from 'node:net';

const shared = Buffer.allocUnsafeSlow(65_536);

export interface SocketReader {
  /** Bytes are there to be taken, until it returns. */
  connOnBytes(): void;
  /** Somebody wants to read. */
  connOnWanted(): void;
}

type Size = number | undefined;

export class MqttSocket extends Socket {
  reader: SocketReader | null = null;
  private rest: Buffer | null = null;
  private isStopped = false;

  /** Takes over the connection of a socket that has read nothing (`pauseOnConnect`). */
  static takeOver(accepted: Socket): MqttSocket {
    const from = accepted as unknown as { _handle: object | null };
    const handle = from._handle;
    from._handle = null;
    return new MqttSocket({ handle, onread: { buffer: shared, callback: socketOnBytes } } as object);
  }

  override read(size?: number): null {
    // Node begins to read before the fields are set.
    if (this.reader) this.reader.connOnWanted();
    else super.read(size);
    return null;
  }

  override write(...given: unknown[]): boolean {
    (super.write as (...args: unknown[]) => boolean)(...given);
    return true;
  }

  /** Valid until the next turn of the event loop; null: nothing is there. */
  takeBytes(size: Size): Buffer | null {
    const { rest } = this;
    this.rest = null;
    if (rest === null || this.isStopped) super.read(rest === null ? size : 0);
    this.isStopped = false;
    return rest;
  }

  /** False: nothing more is to be read. */
  hold(bytes: Buffer): boolean {
    this.rest = bytes;
    this.reader?.connOnBytes();
    if (this.rest === null || this.reader === null) return true;
    this.rest = Buffer.from(this.rest);
    this.isStopped = true;
    return false;
  }
}

/** One function for all: Node calls it with the socket as `this`. */
function socketOnBytes(this: MqttSocket, count: number, buffer: Uint8Array): boolean {
  return this.hold((buffer as Buffer).subarray(0, count));
}
