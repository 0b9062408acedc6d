/**
 * Messages as the MQTT broker keeps them, and their bytes in the store.
 *
 * Owns no state. What a packet has beside these fields is of its link, and ends with that.
 */

export interface KeptPacket {
  cmd: string;
  topic?: string;
  payload?: Buffer;
  qos: number;
  retain?: boolean;
  dup?: boolean;
  messageId?: number | undefined;
  brokerId?: string;
  brokerCounter?: number;
  clientId?: string;
  properties?: object;
}

/** As the broker's own packets are: a packet that waits has no number yet. */
export function copyPacket(packet: KeptPacket): KeptPacket {
  const copy: KeptPacket = {
    cmd: packet.cmd ?? 'publish',
    brokerId: packet.brokerId!,
    brokerCounter: packet.brokerCounter ?? 0,
    topic: packet.topic!,
    payload: packet.payload ?? Buffer.alloc(0),
    qos: packet.qos ?? 0,
    retain: packet.retain ?? false,
    dup: packet.dup ?? false,
  };
  if (Object.hasOwn(packet, 'clientId')) copy.clientId = packet.clientId!;
  if (Object.hasOwn(packet, 'nl')) (copy as { nl?: unknown }).nl = (packet as { nl?: unknown }).nl;
  if (Object.hasOwn(packet, 'properties')) copy.properties = packet.properties!;
  if (Object.hasOwn(packet, 'messageExpiry'))
    (copy as { messageExpiry?: unknown }).messageExpiry = (packet as { messageExpiry?: unknown }).messageExpiry;
  if (copy.qos > 0 || copy.cmd !== 'publish') copy.messageId = undefined;
  return copy;
}

/** u32 length of the JSON, the JSON, the payload. */
export function encodePacket({ payload = Buffer.alloc(0), ...rest }: KeptPacket): Uint8Array {
  const { cmd, topic, qos, retain, messageId, brokerId, brokerCounter, clientId, properties } = rest;
  const kept = { cmd, topic, qos, retain, messageId, brokerId, brokerCounter, clientId, properties };
  const head = Buffer.from(JSON.stringify(kept));
  const bytes = Buffer.alloc(4 + head.length + payload.length);
  bytes.writeUInt32LE(head.length);
  bytes.set(head, 4);
  bytes.set(payload, 4 + head.length);
  return bytes;
}

export function decodePacket(value: Uint8Array): KeptPacket {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const end = 4 + bytes.readUInt32LE();
  const head = JSON.parse(bytes.subarray(4, end).toString()) as KeptPacket;
  return { ...head, payload: Buffer.from(bytes.subarray(end)) };
}
