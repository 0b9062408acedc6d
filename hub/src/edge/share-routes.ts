/**
 * HTTP routes about links that show one board: making, listing and revoking them, and what their viewers may ask. No state of
 * its own.
 *
 * A viewer asks with the link's secret as Bearer. It gets the board, its devices cut to the board's metrics, history of these
 * (history-routes.ts) and their feed (viewer-ws.ts); every other route refuses it, because access is stated by each.
 */
import type { DeviceRoster } from '../core/device-roster.ts';
import type { Documents } from '../core/documents.ts';
import type { StoredShare } from '../core/ports.ts';
import { type Shares, sharesMax, type ViewScope } from '../core/shares.ts';
import { describeDevice } from './device-routes.ts';
import { shareShapes } from './document-shapes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { hashToken, makeId, makeToken } from './secrets.ts';
import type { Principal } from './sign-in-desk.ts';

export interface ShareParts {
  readonly shares: Shares;
  readonly documents: Documents;
  readonly roster: DeviceRoster;
  readonly nowMs: () => number;
  /** Ends live links whose right to be there has just gone. */
  readonly rightsOnChange: () => void;
}

export function makeShareRoutes(parts: ShareParts): Route[] {
  return [makeListRoute(parts), makeMakeRoute(parts), makeRevokeRoute(parts), makeShownRoute(parts)];
}

function makeListRoute({ shares }: ShareParts): Route {
  return makeRoute({
    method: 'GET',
    path: '/api/v1/shares',
    access: 'person',
    summary: 'Links that show a board (never their secrets)',
    answer: shareShapes.list,
    handle: () => ({ status: 200, json: { shares: shares.list().map((share) => describeShare(shares, share)) } }),
  });
}

function makeMakeRoute({ shares, documents, nowMs }: ShareParts): Route {
  return makeRoute({
    method: 'POST',
    path: '/api/v1/shares',
    access: 'person',
    summary: 'Make a link that shows one board to whoever has it, until a given time; it sees that and nothing else',
    body: shareShapes.make,
    answer: shareShapes.made,
    handle: async ({ body, principal }) => {
      const { user } = principal as Principal & { kind: 'person' };
      if (documents.find('board', body.board, user) === null) {
        const advice = 'GET /api/v1/documents/board lists them.';
        throw new HttpProblem(404, 'unknown-document', { message: 'There is no such board', advice });
      }
      const now = nowMs();
      if (body.expiresMs <= now) {
        const text = { message: 'expiresMs lies in the past', advice: 'It is in milliseconds since 1970.' };
        throw new HttpProblem(400, 'bad-request', text);
      }
      const secret = makeToken();
      const id = makeId();
      const made = { id, hash: hashToken(secret), createdBy: user, createdMs: now, ...body };
      if (!(await shares.add(made))) {
        const text = { message: `The hub keeps at most ${sharesMax} links`, advice: 'Revoke some first.' };
        throw new HttpProblem(409, 'too-many-shares', text);
      }
      return { status: 201, json: { id, secret, path: `/share#${secret}` } };
    },
  });
}

function makeRevokeRoute({ shares, rightsOnChange }: ShareParts): Route {
  return makeRoute({
    method: 'DELETE',
    path: '/api/v1/shares/:id',
    access: 'person',
    summary: 'Revoke a link; whoever looks at it is cut at once',
    handle: async ({ params }) => {
      const removing = shares.remove(params.id ?? '');
      rightsOnChange();
      if (await removing) return { status: 204 };
      throw new HttpProblem(404, 'not-found', { message: 'There is no such link', advice: 'List them first.' });
    },
  });
}

function makeShownRoute({ shares, roster, nowMs }: ShareParts): Route {
  return makeRoute({
    method: 'GET',
    path: '/api/v1/shared-board',
    access: 'scoped',
    summary: 'What a link shows: the board, and its devices with the metrics that it names',
    answer: shareShapes.shown,
    handle: ({ principal }) => {
      const shareId = principal?.kind === 'share' ? principal.shareId : '';
      const share = shares.find(shareId);
      const board = shares.boardOf(shareId);
      if (share === null || board === null) {
        const advice = 'Readers ask for GET /api/v1/documents/board/ID.';
        throw new HttpProblem(404, 'no-share', { message: 'This is for whoever came by a link', advice });
      }
      const json = {
        title: board.title,
        revision: board.revision,
        content: JSON.parse(board.content) as unknown,
        expiresMs: share.expiresMs,
        serverMs: nowMs(),
        devices: listDevices(roster, shares.scopeOf(shareId)),
      };
      return { status: 200, json };
    },
  });
}

/** Only what the board names, with what its tiles need: neither facts about the device nor its other metrics. */
function listDevices(roster: DeviceRoster, scope: ViewScope): object[] {
  return [...scope].flatMap(([id, names]) => {
    const device = roster.devices.get(id);
    if (device === undefined) return [];
    const { metrics, ...rest } = describeDevice(device);
    const shown = { ...rest, model: '', firmware: '', createdMs: 0, clockOffsetMs: null, stream: 0, seq: 0 };
    return [{ ...shown, metrics: metrics.filter(({ name }) => names.has(name)) }];
  });
}

function describeShare(shares: Shares, share: StoredShare): object {
  const { id, label, board, createdMs, expiresMs } = share;
  return { id, label, board, boardTitle: shares.boardOf(id)?.title ?? null, createdMs, expiresMs };
}
