/**
 * The hub's HTTP API as tests, soak and benchmarks use it: signed in by the one-time link, every answer checked for its status.
 * Owns one session cookie; it outlives restarts of the hub, as a browser's does.
 */

export interface Readings {
  readonly timesMs: number[];
  readonly values: (number | string)[];
}

interface ReadingsPage extends Readings {
  readonly nextMs: number | null;
  readonly nextSkip: number;
}

const pageRows = 10_000;

export class HubClient {
  readonly url: string;
  readonly cookie: string;

  constructor(url: string, cookie: string) {
    this.url = url;
    this.cookie = cookie;
  }

  /** `signInLink` as the hub prints it: …/sign-in#link=SECRET. */
  static async signIn(signInLink: string): Promise<HubClient> {
    const { origin, hash } = new URL(signInLink);
    const link = new URLSearchParams(hash.slice(1)).get('link');
    const answer = await fetch(`${origin}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ link }),
    });
    if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
    const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
    return new HubClient(origin, cookie.join('; '));
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.request('GET', path)).json()) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await (await this.request('POST', path, body)).json()) as T;
  }

  /** Whether the hub still takes this session. */
  async isSignedIn(): Promise<boolean> {
    const answer = await fetch(`${this.url}/api/v1/session`, { headers: { cookie: this.cookie } });
    if (answer.ok || answer.status === 401) return answer.ok;
    throw new Error(`GET /session: ${answer.status}`);
  }

  /** Any status but 2xx is an error, but for GET /health, whose 503 is an answer. */
  async request(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        cookie: this.cookie,
        origin: this.url,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok && path !== '/health') throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** A key that may enrol `uses` devices. */
  async makeEnrolmentKey(uses: number): Promise<string> {
    return (await this.post<{ key: string }>('/enrolment-keys', { label: 'load', uses })).key;
  }

  /** Enrols a device and returns its token. */
  async enrol(deviceId: string): Promise<string> {
    const key = await this.makeEnrolmentKey(1);
    return (await this.post<{ token: string }>('/enroll', { key, deviceId })).token;
  }

  /** Every stored reading of one metric, page by page. */
  async readAll(device: string, metric: string): Promise<Readings> {
    const timesMs: number[] = [];
    const values: (number | string)[] = [];
    let fromMs = -62_135_596_800_000;
    let skip = 0;
    for (;;) {
      const range = `from=${fromMs}&to=253402300799999&limit=${pageRows}&skip=${skip}`;
      const page = await this.get<ReadingsPage>(
        `/readings?device=${encodeURIComponent(device)}&metric=${encodeURIComponent(metric)}&${range}`,
      );
      for (const timeMs of page.timesMs) timesMs.push(timeMs);
      for (const value of page.values) values.push(value);
      if (page.nextMs === null) return { timesMs, values };
      fromMs = page.nextMs;
      skip = page.nextSkip;
    }
  }
}
