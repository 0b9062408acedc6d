/**
 * The built web page, read into memory once and served from there: what is not in the map does not exist, so no path can
 * lead outside. Text is compressed once at start.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** The default of 11 costs a quarter of a second at every start, for two per cent less. */
const brotliQuality = 9;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | null;
  readonly brotli: Buffer | null;
}

const typeOf: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
};

export class StaticPages {
  private readonly files = new Map<string, StaticFile>();

  /** Reads `directory`; an absent one leaves the hub without pages, which it says in `/`. */
  constructor(directory: string) {
    let names: string[] = [];
    try {
      names = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(directory.length).replaceAll('\\', '/'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    for (const name of names) this.files.set(name, readStaticFile(directory, name));
  }

  /** A file by its path, or the application's page for a browser that asks for one of its views. Null: no such thing. */
  answer(path: string, headers: { acceptEncoding: string; ifNoneMatch: string; accept: string }): Response | null {
    const isView =
      path === '/' || ((extname(path) === '' || path.startsWith('/devices/')) && headers.accept.includes('text/html'));
    const file = this.files.get(path) ?? (isView ? this.files.get('/index.html') : undefined);
    if (file === undefined) return null;
    const common = {
      'content-type': file.type,
      etag: file.etag,
      'cache-control': file.cacheControl,
      vary: 'accept-encoding',
    };
    if (headers.ifNoneMatch === file.etag) return new Response(null, { status: 304, headers: common });
    const coding =
      file.brotli !== null && /\bbr\b/.test(headers.acceptEncoding)
        ? 'br'
        : /\bgzip\b/.test(headers.acceptEncoding) && file.gzip !== null
          ? 'gzip'
          : '';
    const body = coding === 'br' ? file.brotli! : coding === 'gzip' ? file.gzip! : file.plain;
    const length = { 'content-length': String(body.length) };
    return new Response(new Uint8Array(body), {
      headers: coding === '' ? { ...common, ...length } : { ...common, ...length, 'content-encoding': coding },
    });
  }
}

function readStaticFile(directory: string, name: string): StaticFile {
  const plain = readFileSync(join(directory, name));
  const extension = extname(name);
  const isText = /^\.(html|js|css|svg|json|webmanifest)$/.test(extension);
  return {
    type: typeOf[extension] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    // Vite puts a hash of the content into the names under assets/.
    cacheControl: name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    plain,
    gzip: isText ? gzipSync(plain, { level: 9 }) : null,
    brotli: isText ? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }) : null,
  };
}
