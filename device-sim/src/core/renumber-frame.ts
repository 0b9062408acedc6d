/**
 * A sequenced frame under another number (SPEC DL-16): the same Batch or Event, decoded and encoded again.
 *
 * Owns nothing. Null for bytes that are neither: whoever kept them says *corrupt* in their place.
 */
import { decodeMessage, encodeMessage } from '@lapwing/protocol';

export function renumberFrame(frame: Uint8Array, seq: number): Uint8Array | null {
  const decoded = decodeMessage(frame, 'device');
  if (!decoded.ok) return null;
  const { message } = decoded;
  return message.type === 'batch' || message.type === 'event' ? encodeMessage({ ...message, seq }) : null;
}
