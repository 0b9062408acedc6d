/** Names of documents and tiles, drawn at random so that two people who make one at once do not meet. No state. */
const letters = 'abcdefghijkmnopqrstuvwxyz23456789';

export function drawId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join('');
}
