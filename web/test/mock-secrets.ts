/** Enrolment keys and API tokens of the mock hub. Owns the lists; the secrets themselves are counted, not random. */
import type { IncomingMessage } from 'node:http';

interface Secret {
  readonly id: string;
  readonly label: string;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly usesLeft: number | null;
}

export class MockSecrets {
  keys: Secret[] = [];
  tokens: Secret[] = [];
  private made = 0;

  async answer(request: IncomingMessage, parts: readonly string[]): Promise<{ status: number; json?: unknown }> {
    const isKeys = parts[1] === 'enrolment-keys';
    const list = isKeys ? this.keys : this.tokens;
    if (request.method === 'GET') return { status: 200, json: isKeys ? { keys: list } : { tokens: list } };
    if (request.method === 'DELETE') {
      const left = list.filter((secret) => secret.id !== parts[2]);
      if (isKeys) this.keys = left;
      else this.tokens = left;
      return left.length === list.length ? { status: 404, json: {} } : { status: 204 };
    }
    const body = await readBody(request);
    const id = `${isKeys ? 'k' : 't'}${++this.made}`;
    list.push({
      id,
      label: String(body.label),
      createdMs: Date.now(),
      expiresMs: typeof body.expiresMs === 'number' ? body.expiresMs : null,
      usesLeft: typeof body.uses === 'number' ? body.uses : null,
    });
    const secret = `${isKeys ? 'lwk' : 'lwt'}_mock${this.made}`;
    return { status: 201, json: isKeys ? { id, key: secret } : { id, token: secret } };
  }
}

export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
}
