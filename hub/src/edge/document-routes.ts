/**
 * HTTP routes about documents: saved views of the fleet, boards, preferences. No state of its own.
 *
 * Who saves names the revision that is replaced (If-Match) or none for a new document; whoever comes second gets 409 and the
 * revision there is. Ids are drawn by the client, so that sending a new document again is harmless. Each person has one
 * document of preferences, under the id `mine`.
 */
import { type DocumentResult, type Documents, documentBytesMax, documentsMax, hubOwner } from '../core/documents.ts';
import type { DocumentKind, StoredDocument } from '../core/ports.ts';
import { contentShapes, documentShapes } from './document-shapes.ts';
import { HttpProblem, makeRoute, type Route, type RouteAnswer } from './http-router.ts';
import { checkShape } from './http-shapes.ts';
import type { Principal } from './sign-in-desk.ts';

export interface DocumentParts {
  readonly documents: Documents;
  readonly nowMs: () => number;
  /** A board may be what a link shows: its viewers' rights go with it. */
  readonly boardOnChange: () => void;
}

const path = '/api/v1/documents/:kind';
const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
const ownId = 'mine';
const ifMatch = {
  'If-Match': 'the revision that is replaced, such as "3"; * for whichever there is; absent: it is new',
};

export function makeDocumentRoutes(parts: DocumentParts): Route[] {
  return [...makeReadRoutes(parts), makeSaveRoute(parts), makeRemoveRoute(parts)];
}

function makeReadRoutes({ documents }: DocumentParts): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path,
      access: 'reader',
      summary: 'Documents of a kind (view, board, preferences): the hub’s, and the caller’s own',
      query: documentShapes.listQuery,
      answer: documentShapes.list,
      handle: ({ params, principal, query }) => {
        const found = documents.list(checkKind(params.kind), userOf(principal));
        return { status: 200, json: { documents: found.map((one) => describeDocument(one, query.content)) } };
      },
    }),
    makeRoute({
      method: 'GET',
      path: `${path}/:id`,
      access: 'reader',
      summary: 'One document; its revision is also the ETag. Preferences have the id `mine`',
      answer: documentShapes.document,
      handle: ({ params, principal }) => {
        const user = userOf(principal);
        const kind = checkKind(params.kind);
        const found = documents.find(kind, idOf(kind, params.id, user), user);
        if (found === null) throw unknownDocument();
        return answerDocument(200, found);
      },
    }),
  ];
}

function makeSaveRoute({ documents, nowMs, boardOnChange }: DocumentParts): Route {
  return makeRoute({
    method: 'PUT',
    path: `${path}/:id`,
    access: 'person',
    summary: 'Save a document, new or in place of the revision named in If-Match; 409 when that is not what there is',
    headers: ifMatch,
    body: documentShapes.save,
    answer: documentShapes.document,
    handle: async ({ params, principal, body, header }) => {
      const user = personOf(principal);
      const kind = checkKind(params.kind);
      const replaces = readRevision(header('if-match'), 0);
      const content = checkContent(kind, body.content);
      const owner = body.shared && kind !== 'preferences' ? hubOwner : user;
      const wish = { kind, id: idOf(kind, params.id, user), user, replaces };
      const document = unwrap(await documents.save(wish, { owner, title: body.title, content }, nowMs()));
      if (kind === 'board') boardOnChange();
      return answerDocument(document.revision === 1 ? 201 : 200, document);
    },
  });
}

function makeRemoveRoute({ documents, boardOnChange }: DocumentParts): Route {
  return makeRoute({
    method: 'DELETE',
    path: `${path}/:id`,
    access: 'person',
    summary: 'Remove a document; with If-Match only if that is its revision',
    headers: { 'If-Match': 'the revision that is removed, such as "3"; absent or *: whichever there is' },
    handle: async ({ params, principal, header }) => {
      const user = personOf(principal);
      const kind = checkKind(params.kind);
      const replaces = readRevision(header('if-match'), null);
      unwrap(await documents.remove({ kind, id: idOf(kind, params.id, user), user, replaces }));
      if (kind === 'board') boardOnChange();
      return { status: 204 };
    },
  });
}

function checkKind(kind = ''): DocumentKind {
  if (Object.hasOwn(contentShapes, kind)) return kind as DocumentKind;
  const advice = `There are ${Object.keys(contentShapes).join(', ')}.`;
  throw new HttpProblem(404, 'unknown-kind', { message: `There is no kind of document named ${kind}`, advice });
}

/** Within the hub everybody's preferences stand under a name of their own; the colon keeps it apart from ids of clients. */
function idOf(kind: DocumentKind, id = '', user: string | null): string {
  if (kind === 'preferences' && id === ownId) return `of:${user ?? ''}`;
  if (kind !== 'preferences' && idPattern.test(id)) return id;
  const advice =
    kind === 'preferences'
      ? `Preferences have the id ${ownId}.`
      : 'An id is 1 to 64 letters, digits, - and _; draw it at random.';
  throw new HttpProblem(400, 'bad-id', { message: 'This is no id of a document', advice });
}

function checkContent(kind: DocumentKind, input: unknown): string {
  const checked = checkShape(contentShapes[kind], input);
  if (!checked.ok) {
    throw new HttpProblem(400, 'bad-request', {
      message: `content: ${checked.text}`,
      advice: 'The shapes are in /api/v1/openapi.json.',
    });
  }
  const content = JSON.stringify(checked.value);
  if (Buffer.byteLength(content) <= documentBytesMax) return content;
  throw new HttpProblem(413, 'too-large', {
    message: `A document has at most ${documentBytesMax} bytes`,
    advice: 'Make two of it.',
  });
}

function readRevision(header: string, absent: number | null): number | null {
  if (header === '') return absent;
  if (header === '*') return null;
  const digits = /^"(\d{1,15})"$/.exec(header)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new HttpProblem(400, 'bad-if-match', {
    message: 'If-Match is no revision',
    advice: 'Send the ETag as it came, such as "3".',
  });
}

function unwrap(result: DocumentResult): StoredDocument {
  if (result.ok) return result.document;
  switch (result.why) {
    case 'unknown':
      throw unknownDocument();
    case 'foreign':
      throw new HttpProblem(409, 'foreign', { message: 'This id is somebody else’s', advice: 'Draw another id.' });
    case 'full': {
      const text = { message: `The hub keeps at most ${documentsMax} documents`, advice: 'Remove some first.' };
      throw new HttpProblem(409, 'too-many-documents', text);
    }
    case 'conflict': {
      const message =
        result.revision === 0
          ? 'The document is not there any more, or is being made'
          : `The document has changed meanwhile: its revision is ${result.revision}`;
      throw new HttpProblem(409, 'conflict', {
        message,
        advice: 'Load it again, and make the change on what it is now.',
      });
    }
  }
}

function unknownDocument(): HttpProblem {
  const advice = 'GET /api/v1/documents/KIND lists them.';
  return new HttpProblem(404, 'unknown-document', { message: 'There is no such document here', advice });
}

function userOf(principal: Principal | null): string | null {
  return principal?.kind === 'person' ? principal.user : null;
}

function personOf(principal: Principal | null): string {
  return (principal as Principal & { kind: 'person' }).user;
}

function answerDocument(status: number, document: StoredDocument): RouteAnswer {
  return { status, json: describeDocument(document, true), headers: { etag: `"${document.revision}"` } };
}

function describeDocument(document: StoredDocument, withContent: boolean): object {
  const { kind, id, owner, title, revision, changedMs, content } = document;
  return {
    kind,
    id: kind === 'preferences' ? ownId : id,
    shared: owner === hubOwner,
    title,
    revision,
    changedMs,
    ...(withContent ? { content: JSON.parse(content) as unknown } : {}),
  };
}
