/**
 * Saved views and the choice of columns, kept in the hub as documents. Loaded when first needed; owns no state.
 */
import type { FleetShelf, SavedView } from '../core/fleet-keeper.ts';
import { HubRefusal } from './hub-client.ts';

interface Document<C> {
  readonly id: string;
  readonly title: string;
  readonly shared: boolean;
  readonly revision: number;
  readonly content: C;
}
interface ViewContent {
  readonly search: string;
}
interface OwnContent {
  readonly fleet?: { readonly columns?: readonly string[]; readonly view?: string };
}

const own = '/api/v1/documents/preferences/mine';
const views = '/api/v1/documents/view';

export function openFleetShelf(): FleetShelf {
  return {
    listViews: async () => {
      const { documents } = await call<{ documents: Document<ViewContent>[] }>('GET', `${views}?content=true`);
      return documents.map(readView);
    },
    saveView: async ({ id, title, isShared, revision, search }) => {
      const body = { title, shared: isShared, content: { search } };
      return readView(
        await call<Document<ViewContent>>('PUT', `${views}/${encodeURIComponent(id)}`, { body, revision }),
      );
    },
    removeView: (id) => call('DELETE', `${views}/${encodeURIComponent(id)}`),
    readColumns: async () => (await readOwn())?.content.fleet?.columns ?? null,
    saveColumns: async (columns) => {
      // Other preferences live in the same document: they are put back as they were.
      const before = await readOwn();
      const { columns: _, ...fleet } = before?.content.fleet ?? {};
      const content = { ...before?.content, fleet: columns === null ? fleet : { ...fleet, columns } };
      await call('PUT', own, { body: { content }, revision: before?.revision ?? 0 });
    },
  };
}

function readView({ id, title, shared, revision, content }: Document<ViewContent>): SavedView {
  return { id, title, isShared: shared, revision, search: content.search };
}

/** By the list, because asking for what is not there would be an error in the browser's console. */
async function readOwn(): Promise<Document<OwnContent> | null> {
  const { documents } = await call<{ documents: Document<OwnContent>[] }>(
    'GET',
    '/api/v1/documents/preferences?content=true',
  );
  return documents[0] ?? null;
}

async function call<T>(method: string, path: string, sent?: { body: unknown; revision: number }): Promise<T> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (sent !== undefined && sent.revision > 0) headers['if-match'] = `"${sent.revision}"`;
  const response = await fetch(path, { method, headers, body: sent === undefined ? null : JSON.stringify(sent.body) });
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw readRefusal(response.status, text);
}

function readRefusal(status: number, text: string): HubRefusal {
  let body: { error?: { code: string; message: string; advice: string } } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    body = {}; // A proxy on the way answers in its own words.
  }
  const error = body.error ?? { code: `http-${status}`, message: `The hub answered with status ${status}`, advice: '' };
  return new HubRefusal(status, error, body);
}
