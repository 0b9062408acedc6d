/**
 * Turns a list of routes into a hono application: who may call, what shape the input has, what an error looks like.
 * The only file that uses hono.
 *
 * Owns no state. Invariant: every route states its access, and access is checked here, in front of the handler, by the
 * route itself and not by its path. An unsafe request that rides on a cookie must come from our own origin.
 */
import { type Context, Hono } from 'hono';
import { checkShape, type Out, type Shape } from './http-shapes.ts';
import { readSenderToken, type Sender } from './senders.ts';
import type { Principal, SignInDesk } from './sign-in-desk.ts';

export const cookieName = 'lapwing_session';

/**
 * `public`: anyone. `person`: a signed-in browser. `reader`: a person or an API token. `scoped`: a reader, or whoever has a link
 * that shows a board; the route looks at the scope itself. `sender`: who sends readings (senders.ts).
 */
export type Access = 'public' | 'person' | 'reader' | 'scoped' | 'sender';

export interface RouteCall<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  readonly params: Record<string, string>;
  readonly principal: Principal | null;
  /** Set where the route's access is `sender`, and only there. */
  readonly sender: Sender | null;
  /** Remote address, for limits. */
  readonly address: string;
  readonly signal: AbortSignal;
  /** The Accept header, '' for none. */
  readonly accept: string;
  /** Another header, '' for none; a route says in `headers` which it reads. */
  readonly header: (name: string) => string;
  /** The body as it comes, for a route that `consumes`: bounded by the route itself. */
  readonly upload: AsyncIterable<Uint8Array>;
  /** Ends the connection at once, whatever is unsent: of somebody who may not have it any more. */
  readonly cut: () => void;
}

export interface RouteAnswer {
  readonly status: number;
  readonly json?: unknown;
  /** A body whole, with its content-type in `headers`; made for this answer alone, for its memory is given back when it is sent. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body of any length, made as fast as it is taken; `signal` aborts when the asker leaves. */
  readonly stream?: (signal: AbortSignal) => AsyncGenerator<Uint8Array>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** hono's form: /api/v1/devices/:id */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly query?: Shape;
  /** Headers that it reads, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Shape;
  readonly answer?: Shape;
  /** Media types of a streamed answer. */
  readonly produces?: readonly string[];
  /** Media types of a body that is no JSON and is read by the route itself. */
  readonly consumes?: readonly string[];
  readonly handle: (call: RouteCall<never, never>) => Promise<RouteAnswer> | RouteAnswer;
}

/** Ties a handler's argument to the shapes that check it. */
export function makeRoute<Q extends Shape, B extends Shape>(
  route: Omit<Route, 'handle' | 'query' | 'body'> & {
    readonly query?: Q;
    readonly body?: B;
    readonly handle: (call: RouteCall<Out<Q>, Out<B>>) => Promise<RouteAnswer> | RouteAnswer;
  },
): Route {
  return route as unknown as Route;
}

/** A refusal with everything its reader needs. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string;

  constructor(status: number, code: string, text: { message: string; advice: string }) {
    super(text.message);
    this.status = status;
    this.code = code;
    this.advice = text.advice;
  }
}

export interface PageHeaders {
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string;
  readonly accept: string;
}

export interface RouterParts {
  readonly routes: readonly Route[];
  readonly desk: SignInDesk;
  readonly findSender: (request: { token: string; device: string }) => Sender | null;
  readonly answerPage: (path: string, headers: PageHeaders) => Response | null;
  readonly noteError: (error: unknown, path: string) => void;
}

const bodyBytesMax = 65_536;
const noUpload: AsyncIterable<Uint8Array> = new ReadableStream<Uint8Array>({
  start: (controller) => controller.close(),
});

/** `default-src 'none'` and then only what the page needs: no inline script or style, no other host. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

interface NodeBindings {
  readonly incoming: { readonly socket: { readonly remoteAddress?: string; destroy?(): void } };
  /** 'finish': every byte of the answer is the system's. */
  readonly outgoing?: { once(event: 'finish', listener: () => void): unknown };
}

export function makeRouter(parts: RouterParts): (request: Request, bindings: object) => Response | Promise<Response> {
  const app = new Hono<{ Bindings: NodeBindings }>();
  app.use('*', async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) context.res.headers.set(name, value);
    if (context.req.path.startsWith('/api/')) context.res.headers.set('cache-control', 'no-store');
  });
  for (const route of parts.routes) app.on(route.method, route.path, (context) => runRoute(route, context, parts));
  refuseOtherMethods(app, parts.routes);
  app.all('/api/*', () =>
    problemResponse(
      new HttpProblem(404, 'not-found', { message: 'There is no such route', advice: 'See /api/v1/openapi.json.' }),
    ),
  );
  for (const path of ['/device/v1', '/viewer/v1']) app.all(path, () => problemResponse(notUpgraded()));
  app.get('*', (context) => {
    const headers = {
      acceptEncoding: context.req.header('accept-encoding') ?? '',
      ifNoneMatch: context.req.header('if-none-match') ?? '',
      accept: context.req.header('accept') ?? '',
    };
    return parts.answerPage(context.req.path, headers) ?? problemResponse(noSuchPage());
  });
  app.onError((error, context) => answerError(error, context.req.path, parts));
  return (request, bindings) => app.fetch(request, bindings as NodeBindings);
}

/** Where readings come in, whoever asks with another method would else get the page, and think that all is well. */
function refuseOtherMethods(app: Hono<{ Bindings: NodeBindings }>, routes: readonly Route[]): void {
  const text = { message: 'Readings come here by POST', advice: 'POST the readings as the body.' };
  const refuse = () => problemResponse(new HttpProblem(405, 'method-not-allowed', text), { allow: 'POST' });
  for (const { path, access } of routes) if (access === 'sender') app.all(path, refuse);
}

async function runRoute(
  route: Route,
  context: Context<{ Bindings: NodeBindings }>,
  parts: RouterParts,
): Promise<Response> {
  const credentials = readCredentials(context.req.raw.headers);
  const principal = parts.desk.identify(credentials, Date.now());
  checkAccess(route, principal);
  const sender = route.access === 'sender' ? findSender(context, principal, parts) : null;
  if (route.method !== 'GET' && principal?.kind === 'person') checkOrigin(context.req.raw.headers);
  const query = checkInput(route.query, Object.fromEntries(new URL(context.req.url).searchParams));
  const body = route.body === undefined ? undefined : checkInput(route.body, await readJson(context));
  const call = {
    query: query as never,
    body: body as never,
    params: context.req.param() as Record<string, string>,
    principal,
    sender,
    address: context.env.incoming.socket.remoteAddress ?? '',
    signal: context.req.raw.signal,
    accept: context.req.header('accept') ?? '',
    header: (name: string) => context.req.header(name) ?? '',
    upload: route.consumes === undefined ? noUpload : (context.req.raw.body ?? noUpload),
    cut: () => context.env.incoming.socket.destroy?.(),
  };
  const answer = await route.handle(call);
  const headers: Record<string, string> = { ...answer.headers };
  if (answer.cookie !== undefined) headers['set-cookie'] = answer.cookie;
  if (answer.stream !== undefined) {
    const body = openStream(answer.stream, (error) => parts.noteError(error, context.req.path));
    return new Response(body, { status: answer.status, headers });
  }
  if (answer.bytes !== undefined) {
    const { buffer } = answer.bytes;
    // Left to the collector, two hundred histories a second make it stop this thread for 10 to 30 ms, once a second.
    context.env.outgoing?.once('finish', () => void buffer.transfer(0));
    return new Response(answer.bytes, { status: answer.status, headers });
  }
  if (answer.json === undefined) return new Response(null, { status: answer.status, headers });
  return Response.json(answer.json, { status: answer.status, headers });
}

/** Pulls one piece at a time, so that back-pressure reaches whatever makes them; ends the making when the asker leaves. */
function openStream(
  make: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
  noteError: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const asker = new AbortController();
  const pieces = make(asker.signal);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          if (asker.signal.aborted) return;
          // The status is out: a cut connection is what tells the asker that this is not the whole.
          noteError(error);
          controller.error(error);
        }
      },
      cancel: async () => {
        asker.abort();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Bearer token and session cookie of a request or an upgrade. */
export function readCredentials(headers: { get(name: string): string | null }): { bearer: string; cookie: string } {
  const bearer = /^Bearer ([A-Za-z0-9_~.+/=-]{1,200})$/.exec(headers.get('authorization') ?? '')?.[1] ?? '';
  const cookie =
    new RegExp(`(?:^|; *)${cookieName}=([A-Za-z0-9_-]{1,100})(?:;|$)`).exec(headers.get('cookie') ?? '')?.[1] ?? '';
  return { bearer, cookie };
}

/** True when a browser's Origin is the very host it talks to. Absent: not a browser, or a same-origin GET. */
export function isOwnOrigin(headers: { get(name: string): string | null }): boolean {
  const origin = headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === headers.get('host');
}

/** The credential is in a header, in a parameter, or in the path (`:token`), wherever the sender's own convention puts it. */
function findSender({ req }: Context, principal: Principal | null, parts: RouterParts): Sender {
  const token = req.param('token') ?? readSenderToken(req.raw.headers, new URL(req.url));
  const sender = parts.findSender({ token, device: req.query('device') ?? '' });
  if (sender !== null) return sender;
  if (principal !== null) {
    throw new HttpProblem(403, 'forbidden', {
      message: 'Readings come from devices; this credential is of somebody who reads',
      advice: 'Send a device token or an enrolment key.',
    });
  }
  throw new HttpProblem(401, 'unauthorized', {
    message: 'This takes readings from devices: no good device token or enrolment key came',
    advice: 'Make a key with npx lapwing enrolment-key and send it as Authorization: Bearer.',
  });
}

function checkAccess(route: Route, principal: Principal | null): void {
  if (route.access === 'public' || route.access === 'sender') return;
  if (principal === null) {
    throw new HttpProblem(401, 'unauthorized', {
      message: 'Nobody is signed in',
      advice: 'Sign in, or send an API token as Authorization: Bearer.',
    });
  }
  if (route.access !== 'scoped' && principal.kind === 'share') {
    throw new HttpProblem(403, 'forbidden', {
      message: 'The link shows one board and nothing else',
      advice: 'Sign in to see more.',
    });
  }
  if (route.access === 'person' && principal.kind !== 'person') {
    throw new HttpProblem(403, 'forbidden', {
      message: 'An API token may not do this',
      advice: 'Sign in as a person; a script sends the session’s cookie, and with it Origin: and the hub’s address.',
    });
  }
}

function checkOrigin(headers: Headers): void {
  if (headers.get('origin') !== null && isOwnOrigin(headers)) return;
  throw new HttpProblem(403, 'foreign-origin', {
    message: 'The request did not come from this hub’s own page',
    advice: `A script sends Origin: http://${headers.get('host') ?? 'HUB:7180'} with the cookie.`,
  });
}

function checkInput(shape: Shape | undefined, input: unknown): unknown {
  if (shape === undefined) return undefined;
  const checked = checkShape(shape, input);
  if (checked.ok) return checked.value;
  throw new HttpProblem(400, 'bad-request', {
    message: checked.text,
    advice: 'The shapes are in /api/v1/openapi.json.',
  });
}

async function readJson(context: Context): Promise<unknown> {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\b/.test(type)) {
    throw new HttpProblem(415, 'not-json', {
      message: 'The body must be JSON',
      advice: 'Send content-type: application/json.',
    });
  }
  const bytes = await readBody(context.req.raw);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HttpProblem(400, 'bad-json', {
      message: `The body is not JSON: ${(cause as Error).message}`,
      advice: 'Check quotes, commas and UTF-8.',
    });
  }
}

/** Counts what really comes: a Content-Length may be missing or lie. */
async function readBody(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answerError(error: unknown, path: string, parts: RouterParts): Response {
  if (error instanceof HttpProblem) return problemResponse(error);
  const known = error instanceof Error ? queryProblems[error.name] : undefined;
  if (known !== undefined) return problemResponse(known(error as Error));
  // Not our reader's fault and not theirs to see: the log has it.
  parts.noteError(error, path);
  const text = { message: 'The hub could not do this now', advice: 'See /api/v1/health and the hub’s log.' };
  return problemResponse(new HttpProblem(503, 'unavailable', text));
}

/** What the store's port says of queries, by the name of the error. */
const queryProblems: Readonly<Record<string, (error: Error) => HttpProblem>> = {
  QueryDeadlineError: ({ message }) =>
    new HttpProblem(504, 'query-too-long', { message, advice: 'Ask for a shorter range, fewer series or align=grid.' }),
  StoreBusyError: ({ message }) => new HttpProblem(503, 'busy', { message, advice: 'Ask again in a moment.' }),
  // Nobody reads it, but it is no failure of the hub either.
  AbortError: ({ message }) => new HttpProblem(503, 'aborted', { message, advice: 'Ask again.' }),
};

function problemResponse(
  { status, code, message, advice }: HttpProblem,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error: { code, message, advice } }, { status, headers });
}

function noSuchPage(): HttpProblem {
  const advice =
    'Health is at /api/v1/health, all other routes are in /api/v1/openapi.json; the page goes to browsers (Accept: text/html).';
  return new HttpProblem(404, 'not-found', { message: 'There is nothing at this address', advice });
}

function notUpgraded(): HttpProblem {
  const advice = 'Offer a WebSocket upgrade with subprotocol lapwing.v1; see protocol/SPEC.md.';
  return new HttpProblem(426, 'upgrade-required', { message: 'This is the address of a WebSocket', advice });
}

function tooLarge(): HttpProblem {
  return new HttpProblem(413, 'too-large', {
    message: `A body has at most ${bodyBytesMax} bytes`,
    advice: 'Send less at once.',
  });
}
