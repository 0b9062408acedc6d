/** Enrolment keys and API tokens of the mock hub. Owns the lists; the secrets themselves are counted, not random. */
import type { IncomingMessage } from 'node:http';
import { readBody } from './mock-hub.ts';

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
