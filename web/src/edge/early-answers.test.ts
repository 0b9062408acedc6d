import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { takeEarly } from './early-answers.ts';

const startScript = readFileSync(resolve(import.meta.dirname, '../../public/start.js'), 'utf8');

type Early = Record<string, Promise<Response | null>>;

interface Visit {
  readonly asked: string[];
  readonly early: Early | undefined;
  readonly dataset: Record<string, string>;
}

/** public/start.js, run as by a browser at this address; `answer` is the hub. */
function visit(pathname: string, answer: (path: string) => Promise<Response>, theme: string | null = null): Visit {
  const asked: string[] = [];
  const dataset: Record<string, string> = {};
  const page: Record<string, unknown> = {
    location: { pathname },
    document: { documentElement: { dataset } },
    localStorage: { getItem: () => theme },
    fetch: (path: string) => {
      asked.push(path);
      return answer(path);
    },
  };
  page.globalThis = page;
  runInContext(startScript, createContext(page));
  return { asked, early: page.lapwingEarly as Early | undefined, dataset };
}

const say =
  (signedIn: boolean) =>
  async (path: string): Promise<Response> =>
    new Response(JSON.stringify(path.endsWith('sign-in-ways') ? { signedIn } : { path }));

const settle = (early: Early | undefined): Promise<unknown> => Promise.all(Object.values(early ?? {}));

afterEach(() => vi.unstubAllGlobals());

describe('what public/start.js asks for', () => {
  it('asks for who this is and for the devices where the fleet is opened by somebody signed in', async () => {
    const { asked, early } = visit('/', say(true));
    await settle(early);
    expect(asked).toEqual(['/api/v1/sign-in-ways', '/api/v1/session', '/api/v1/devices']);
  });

  it('asks for the fleet only where it is shown', async () => {
    const { asked, early } = visit('/devices/pump', say(true));
    await settle(early);
    expect(asked).toEqual(['/api/v1/sign-in-ways', '/api/v1/session']);
  });

  it('asks a stranger for nothing that the hub would refuse', async () => {
    const { asked, early } = visit('/', say(false));
    await settle(early);
    expect(asked).toEqual(['/api/v1/sign-in-ways']);
  });

  it('asks nothing for who comes by a share link', () => {
    expect(visit('/share/secret', say(true))).toMatchObject({ asked: [], early: undefined });
  });

  it('leaves null where the hub does not answer', async () => {
    const { early } = visit('/', () => Promise.reject(new Error('away')));
    expect(await settle(early)).toEqual([null, null, null]);
  });

  it('shows the frame of the fleet at its own address only, and the chosen theme everywhere', () => {
    expect(visit('/', say(true), 'dark').dataset).toEqual({ shell: '', theme: 'dark' });
    expect(visit('/settings', say(true), 'nonsense').dataset).toEqual({});
  });
});

describe('an early answer', () => {
  it('is handed on once: the second asks the hub itself', async () => {
    const answer = new Response('{}');
    vi.stubGlobal('lapwingEarly', { '/a': Promise.resolve(answer) });
    expect(await takeEarly('/a')).toBe(answer);
    expect(await takeEarly('/a')).toBeNull();
    expect(await takeEarly('/b')).toBeNull();
  });

  it('is null where nothing was asked early', async () => {
    expect(await takeEarly('/a')).toBeNull();
  });
});
