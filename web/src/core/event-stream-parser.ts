/**
 * The text of Server-Sent Events, as it comes off a connection in pieces, to events. Source: WHATWG HTML, "Server-sent events", parsing.
 *
 * Owns the line that is not whole yet and the event that is being built. Invariants: where the pieces are cut changes nothing; an event
 * is told when its empty line has come, and never without. Names of events and `retry` are passed over: the feed of frames has none, and
 * its owner decides when to come back.
 */

/** More in one line or event than any frame of the feed is long, in base64: whoever sends that is not the hub. */
export const eventCharsMax = 1 << 23;

export class EventStreamParser {
  private readonly eventOnTold: (data: string, id: string) => void;
  private rest = '';
  /** The last piece ended with a CR, whose LF may still come. */
  private isAfterCr = false;
  private data: string[] = [];
  private chars = 0;
  private id = '';

  constructor(eventOnTold: (data: string, id: string) => void) {
    this.eventOnTold = eventOnTold;
  }

  /** Throws RangeError on a line or an event beyond `eventCharsMax`. */
  take(piece: string): void {
    let from = this.isAfterCr && piece[0] === '\n' ? 1 : 0;
    if (piece !== '') this.isAfterCr = piece.endsWith('\r');
    const ends = /\r\n|\r|\n/g;
    ends.lastIndex = from;
    for (let end = ends.exec(piece); end !== null; end = ends.exec(piece)) {
      this.takeLine(this.rest + piece.slice(from, end.index));
      this.rest = '';
      from = ends.lastIndex;
    }
    this.rest += piece.slice(from);
    this.bound(this.rest.length);
  }

  private takeLine(line: string): void {
    if (line === '') {
      if (this.data.length > 0) this.eventOnTold(this.data.join('\n'), this.id);
      this.data = [];
      this.chars = 0;
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      this.chars += value.length;
      this.bound(this.chars);
      this.data.push(value);
    } else if (name === 'id' && !value.includes('\0')) this.id = value;
  }

  private bound(chars: number): void {
    if (chars > eventCharsMax) throw new RangeError(`an event of the feed is longer than ${eventCharsMax} characters`);
  }
}
