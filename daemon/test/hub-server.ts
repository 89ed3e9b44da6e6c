/** A hub on 127.0.0.1 with the parts of the Hugging Face API that downloads use, and faults on request; and a model on it. */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ModelOptions } from '../src/models/progress.ts';
import { headerOf } from '../src/models/safetensors/write.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface ServedFile {
  readonly content: Buffer;
  /** Large files are known by their SHA-256 and served by a redirect, small ones by Git's blob id and directly. */
  readonly isLarge: boolean;
}

interface RequestRecord {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What happens to the next request whose path contains `path`, once. */
type Fault =
  | {
      readonly kind: 'status';
      readonly path: string;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The answer is this, as JSON. */
  | { readonly kind: 'body'; readonly path: string; readonly body: string }
  /** The connection breaks after so many bytes of the body, which is the whole file where ranges are ignored. */
  | { readonly kind: 'cut'; readonly path: string; readonly afterBytes: number; readonly ignoresRange?: true }
  /** No byte comes after so many, and the connection stays open. */
  | { readonly kind: 'stall'; readonly path: string; readonly afterBytes: number }
  /** The answer is the whole file, with status 200. */
  | { readonly kind: 'ignore-range'; readonly path: string }
  /** The body goes on after its end. */
  | { readonly kind: 'overlong'; readonly path: string }
  /** One byte of the body is another. */
  | { readonly kind: 'corrupt'; readonly path: string };

export const testCommit = '0123456789abcdef0123456789abcdef01234567';

export class HubServer implements AsyncDisposable {
  readonly files = new Map<string, ServedFile>();
  readonly requests: RequestRecord[] = [];
  readonly faults: Fault[] = [];
  /** Without it requests are answered with 401, if it is set. */
  token: string | undefined;
  /** Another server that has the bytes of the large files; this one by default. */
  storage = '';
  /** The address of the listing's next page, on every page. */
  nextPage: string | undefined;
  /** What every revision stands for. */
  commit = testCommit;
  readonly repository: string;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  private constructor(repository: string) {
    this.repository = repository;
  }

  static async start(repository = 'owner/kokoro'): Promise<HubServer> {
    const hub = new HubServer(repository);
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(path: string, content: Buffer | string, isLarge = path.endsWith('.safetensors')): this {
    this.files.set(path, { content: Buffer.from(content), isLarge });
    return this;
  }

  /** The paths of files of which bytes were asked for, in order. */
  get served(): string[] {
    return this.requests
      .filter(({ path }) => path.includes('/resolve/'))
      .map(({ path }) => path.split(testCommit)[1] ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.endpoint);
    const { range, authorization } = request.headers;
    this.requests.push({ path: pathname, range, authorization });
    const fault = this.#takeFault(pathname);
    if (fault?.kind === 'status') {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (fault?.kind === 'body') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body);
      return;
    }
    if (
      !pathname.startsWith('/cdn/') &&
      this.token !== undefined &&
      authorization !== `Bearer ${this.token}`
    ) {
      response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end();
      return;
    }
    const json = (value: unknown, headers = {}): void =>
      void response
        .writeHead(200, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(value));
    if (pathname.startsWith(`/api/models/${this.repository}/revision/`)) {
      json({ _id: '1', id: this.repository, sha: this.commit, lastModified: '2026-01-01T00:00:00.000Z' });
    } else if (pathname.startsWith(`/api/models/${this.repository}/tree/${testCommit}`)) {
      const link = this.nextPage === undefined ? {} : { link: `<${this.nextPage}>; rel="next"` };
      json(
        [{ type: 'directory', path: 'voices', size: 0, oid: '' }, ...[...this.files].map(treeEntry)],
        link,
      );
    } else {
      await this.#serveFile(pathname, request, response, fault);
    }
  }

  async #serveFile(
    pathname: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Exclude<Fault, { kind: 'status' | 'body' }> | undefined,
  ): Promise<void> {
    const prefix = `/${this.repository}/resolve/${testCommit}/`;
    const isRedirected = pathname.startsWith('/cdn/');
    const path = decodeURIComponent(pathname.slice((isRedirected ? '/cdn/' : prefix).length));
    const file = isRedirected || pathname.startsWith(prefix) ? this.files.get(path) : undefined;
    if (file === undefined) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const etag = treeEntry([path, file]);
    const headers = {
      'x-repo-commit': testCommit,
      'x-linked-etag': `"${etag.lfs?.oid ?? etag.oid}"`,
      'x-linked-size': file.content.byteLength,
    };
    if (file.isLarge && !isRedirected) {
      // A fault of the file's waits for the second request, which carries the bytes.
      if (fault !== undefined) {
        this.faults.unshift(fault);
      }
      response.writeHead(302, { ...headers, location: `${this.storage}/cdn/${path}` }).end();
      return;
    }
    const { start, end, isPartial } = rangeOf(request.headers.range, file.content.byteLength);
    const isIgnored = fault?.kind === 'ignore-range' || (fault?.kind === 'cut' && fault.ignoresRange);
    const isWhole = isIgnored === true || !isPartial;
    const asked = isWhole ? file.content : file.content.subarray(start, end);
    const body = Buffer.concat(fault?.kind === 'overlong' ? [asked, Buffer.alloc(2_000_000)] : [asked]);
    if (fault?.kind === 'corrupt') {
      body[0] = (body[0] ?? 0) ^ 0xff;
    }
    response.writeHead(isWhole ? 200 : 206, {
      ...headers,
      'content-length': body.byteLength,
      ...(isWhole ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.content.byteLength}` }),
    });
    if (fault?.kind !== 'cut' && fault?.kind !== 'stall') {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, fault.afterBytes));
    if (fault.kind === 'cut') {
      // The bytes are to arrive before the connection breaks.
      for (let turns = 0; turns < 20; turns += 1) {
        await turn();
      }
      response.destroy();
    }
  }

  #takeFault(pathname: string): Fault | undefined {
    const index = this.faults.findIndex(({ path }) => pathname.includes(path));
    return index < 0 ? undefined : this.faults.splice(index, 1)[0];
  }
}

function treeEntry([path, { content, isLarge }]: readonly [string, ServedFile]) {
  const oid = createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex');
  const lfs = {
    oid: createHash('sha256').update(content).digest('hex'),
    size: content.byteLength,
    pointerSize: 130,
  };
  return { type: 'file', path, size: content.byteLength, oid, ...(isLarge && { lfs }) };
}

function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number; isPartial: boolean } {
  const { start, last } = /^bytes=(?<start>\d+)-(?<last>\d*)$/.exec(header ?? '')?.groups ?? {};
  return start === undefined
    ? { start: 0, end: size, isPartial: false }
    : {
        start: Number(start),
        end: last === '' || last === undefined ? size : Number(last) + 1,
        isPartial: true,
      };
}

/** What Hugging Face's libraries read, and so does Tidemark. */
const variables = [
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'HF_TOKEN_PATH',
  'HF_HUB_OFFLINE',
] as const;

/** A whole safetensors file with one tensor of so many floats, its bytes varied enough to tell a wrong splice. */
export function weightsFile(floats: number): Buffer {
  const data = Buffer.alloc(4 * floats);
  for (let index = 0; index < data.byteLength; index += 1) {
    data[index] = (index * 31 + (index >> 8)) & 0xff;
  }
  return Buffer.concat([headerOf([{ name: 'a', dtype: 'F32', shape: [floats] }], {}), data]);
}

/** A safetensors file with one tensor. */
export const fileWith = (name: string, shape: readonly number[]): Buffer =>
  Buffer.concat([
    headerOf([{ name, dtype: 'F32', shape }], {}),
    Buffer.alloc(4 * shape.reduce((product, size) => product * size, 1)),
  ]);

export class ServedModel {
  readonly model = { repository: 'owner/kokoro', revision: 'main' } as const;
  /** The bytes of model.safetensors: 100,000 floats and a header. */
  readonly weights = weightsFile(100_000);
  readonly #root = temporaryFolder();
  readonly #saved = variables.map((name) => [name, process.env[name]] as const);
  #hub: HubServer | undefined;
  #tests = 0;

  /** To be made once a test file, at its top level: it registers the hooks. */
  constructor() {
    beforeEach(() => this.#start());
    afterEach(() => this.#stop());
  }

  get hub(): HubServer {
    if (this.#hub === undefined) {
      throw new Error('the hub runs within tests only');
    }
    return this.#hub;
  }

  /** This test's own HF_HOME, which need not exist. */
  get home(): string {
    return join(this.#root, `${this.#tests}`);
  }

  get options(): ModelOptions {
    return { dataFolder: join(this.home, 'data') };
  }

  get cacheFolder(): string {
    return join(this.home, 'hub', 'models--owner--kokoro');
  }

  get blobsFolder(): string {
    return join(this.cacheFolder, 'blobs');
  }

  blobs(): string[] {
    return readdirSync(this.blobsFolder);
  }

  /** The range headers of all requests for the bytes of large files. */
  get ranges(): (string | undefined)[] {
    return this.hub.requests.filter(({ path }) => path.startsWith('/cdn/')).map(({ range }) => range);
  }

  async #start(): Promise<void> {
    this.#tests += 1;
    this.#hub = await HubServer.start(this.model.repository);
    this.#hub.add('config.json', '{"n_token": 178}').add('model.safetensors', this.weights);
    this.#hub.add('README.md', 'Words.');
    for (const name of variables) {
      Reflect.deleteProperty(process.env, name);
    }
    process.env['HF_ENDPOINT'] = this.#hub.endpoint;
    process.env['HF_HOME'] = this.home;
  }

  async #stop(): Promise<void> {
    await this.#hub?.[Symbol.asyncDispose]();
    this.#hub = undefined;
    for (const [name, value] of this.#saved) {
      if (value === undefined) {
        Reflect.deleteProperty(process.env, name);
      } else {
        process.env[name] = value;
      }
    }
  }
}
