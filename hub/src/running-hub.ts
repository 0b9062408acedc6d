/**
 * The hub that runs on this machine, as its commands reach it: found by its data folder, signed in to with a link of their own
 * making, asked over its HTTP API like any browser. Owns one session while it is open.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSignInLink } from './edge/sign-in-links.ts';

/** What went wrong is the user's to mend: said in one line, without a stack. */
export class UsageError extends Error {}

export interface RunningHub {
  readonly url: string;
  /** `path` with the /api/v1. An answer of any status; rejects when the hub does not answer. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** As `ask`; rejects with what the hub said when it refused. */
  askOk(path: string, init?: RequestInit): Promise<Response>;
  signOut(): Promise<void>;
}

export function readHubUrl(data: string): string {
  try {
    return (JSON.parse(readFileSync(join(data, 'hub.json'), 'utf8')) as { url: string }).url;
  } catch (cause) {
    throw new UsageError(
      `no hub has run with its data in ${data}; start one, or name the folder with --data (${(cause as Error).message})`,
    );
  }
}

export async function reachHub(data: string): Promise<RunningHub> {
  const url = readHubUrl(data);
  let cookie = '';
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, {
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers, origin: url, cookie },
    });
  const askOk = async (path: string, init?: RequestInit) => {
    const answer = await ask(path, init);
    if (!answer.ok) throw new Error(`the hub at ${url} refused: ${await readProblem(answer)}`);
    return answer;
  };
  const link = JSON.stringify({ link: await makeSignInLink(data) });
  const session = await ask('/api/v1/session', { method: 'POST', body: link }).catch((cause: unknown) => {
    throw new UsageError(
      `the hub that last ran in ${data} does not answer at ${url}; start it first (${String(cause)})`,
    );
  });
  cookie = session.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  return { url, ask, askOk, signOut: async () => void (await ask('/api/v1/session', { method: 'DELETE' })) };
}

/** What a refusal says, as one sentence with its advice. */
export async function readProblem(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { message, advice } = (JSON.parse(text) as { error: { message: string; advice: string } }).error;
    return `${message}. ${advice}`;
  } catch {
    return `${answer.status} ${text.slice(0, 200)}`;
  }
}
