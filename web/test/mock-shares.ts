/** Share links of the mock hub, and what one shows. Owns them in memory; the scope is the real hub's business. */
import type { IncomingMessage } from 'node:http';
import { readBody } from './mock-secrets.ts';

interface MockShare {
  readonly id: string;
  readonly label: string;
  readonly board: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export class MockShares {
  readonly known: MockShare[] = [];
  readonly secret = 'lw_mock-secret';

  async answer(
    request: IncomingMessage,
    parts: readonly string[],
    titleOf: (board: string) => string | null,
  ): Promise<{ status: number; json?: unknown }> {
    if (request.method === 'DELETE') {
      const at = this.known.findIndex(({ id }) => id === parts[2]);
      this.known.splice(at, 1);
      return { status: 204 };
    }
    if (request.method === 'GET') {
      return { status: 200, json: { shares: this.known.map((one) => ({ ...one, boardTitle: titleOf(one.board) })) } };
    }
    const { board, label, expiresMs } = await readBody(request);
    const share = { id: `s${this.known.length}`, board: String(board), label: String(label), createdMs: Date.now() };
    this.known.push({ ...share, expiresMs: Number(expiresMs) });
    return { status: 201, json: { id: share.id, secret: this.secret, path: `/share#${this.secret}` } };
  }

  isAllowed({ headers }: IncomingMessage): boolean {
    return this.known.length > 0 && headers.authorization === `Bearer ${this.secret}`;
  }
}
