/** Documents of the mock hub, with the revisions of a real one. Owns them in memory; checks no shapes. */
import type { IncomingMessage } from 'node:http';
import { readBody } from './mock-secrets.ts';

interface MockDocument {
  readonly kind: string;
  readonly id: string;
  readonly title: string;
  readonly shared: boolean;
  readonly revision: number;
  readonly changedMs: number;
  readonly content: unknown;
}

export class MockDocuments {
  readonly known = new Map<string, MockDocument>();

  /** `parts`: '', 'documents', kind, id. */
  async answer(request: IncomingMessage, parts: readonly string[]): Promise<{ status: number; json?: unknown }> {
    const [, , kind = '', id] = parts;
    if (id === undefined) {
      return { status: 200, json: { documents: [...this.known.values()].filter((one) => one.kind === kind) } };
    }
    const key = `${kind}/${id}`;
    const before = this.known.get(key);
    if (request.method === 'PUT') return this.save(request, { key, kind, id });
    if (before === undefined)
      return { status: 404, json: refusal('unknown-document', 'There is no such document here') };
    if (request.method === 'GET') return { status: 200, json: before };
    this.known.delete(key);
    return { status: 204 };
  }

  private async save(
    request: IncomingMessage,
    { key, kind, id }: { key: string; kind: string; id: string },
  ): Promise<{ status: number; json?: unknown }> {
    const body = await readBody(request);
    const revision = this.known.get(key)?.revision ?? 0;
    const replaces = Number(/\d+/.exec(request.headers['if-match'] ?? '0')?.[0] ?? 0);
    if (replaces !== revision) return { status: 409, json: refusal('conflict', 'The document has changed meanwhile') };
    const document: MockDocument = {
      kind,
      id,
      title: String(body.title ?? ''),
      shared: body.shared === true,
      revision: revision + 1,
      changedMs: Date.now(),
      content: body.content,
    };
    this.known.set(key, document);
    return { status: 200, json: document };
  }
}

function refusal(code: string, message: string): object {
  return { error: { code, message, advice: 'Load it again.' } };
}
