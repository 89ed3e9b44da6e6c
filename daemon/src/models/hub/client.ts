/** Requests to a Hugging Face hub: what a repository holds, and bytes of its files, with errors that a person can act on. */

import { setTimeout as wait } from 'node:timers/promises';
import { listFiles, modelInfo } from '@huggingface/hub';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable, quoted } from '@tidemark/shared/printable.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { later } from '../../background.ts';
import { isBelow } from '../../files/below.ts';
import type { Digest } from './cache.ts';
import type { HubSettings } from './environment.ts';
import { certificateCodeOf, isForeignAnswer, RangeIgnored, Refusal, TransientError } from './failures.ts';

export interface HubFile {
  /** In the repository, '/'-separated. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

interface HubClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long a server may stay silent before it counts as gone, in milliseconds. */
  readonly silence?: number;
  /** The pause before the first retry, in milliseconds; each further one is twice as long. */
  readonly pause?: number;
  /** Told of each longer wait that the server asks for, in a sentence. */
  readonly onWait?: ((message: string) => void) | undefined;
}

/** A server that asks for a longer pause is not waited for. The hub's own limits are counted anew every 5 minutes. */
const longestPauseSeconds = 300;
/** Shorter pauses pass without a word. */
const unspokenPauseSeconds = 2;
/** No answer about a repository comes near this. */
const longestAnswerBytes = 100_000_000;
/** Pages of a listing, of 1000 files each on the hub. */
const mostPages = 100;

/** What to do where a server's answers are not those of a Hugging Face hub. */
const foreignHubHint = 'Check HF_ENDPOINT: this server does not answer as a Hugging Face hub does.';
const signInHint =
  'The network may want you to sign in first: open any page in a browser. If HF_ENDPOINT is set, check it.';

/** Further attempts at a question that failed for a reason which may pass. */
const retries = 2;

export class HubClient {
  readonly settings: HubSettings;
  readonly #pause: number;
  readonly #onWait: HubClientOptions['onWait'];
  readonly #signal: AbortSignal | undefined;
  readonly #silence: number;

  constructor(
    settings: HubSettings,
    { signal, silence = 30_000, pause = 500, onWait }: HubClientOptions = {},
  ) {
    this.settings = settings;
    this.#pause = pause;
    this.#onWait = onWait;
    this.#signal = signal;
    this.#silence = silence;
  }

  get host(): string {
    return new URL(this.settings.endpoint).host;
  }

  /** The commit that a branch, tag or commit of a repository stands for. */
  async commitOf(repository: string, revision: string): Promise<string> {
    const info = await this.#askAgain(repository, () =>
      modelInfo({ ...this.#options, name: repository, revision, additionalFields: ['sha'] }),
    );
    const commit: unknown = info.sha;
    if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit)) {
      const message = `${this.host} returned no commit for ${revision} of ${repository}.`;
      throw new TidemarkError('network', message, { hint: foreignHubHint });
    }
    return commit;
  }

  /** All files of a repository at a commit. */
  async files(repository: string, commit: string): Promise<HubFile[]> {
    return await this.#askAgain(repository, async () => {
      const files: HubFile[] = [];
      for await (const entry of listFiles({
        ...this.#options,
        repo: repository,
        revision: commit,
        recursive: true,
      })) {
        if (!isBelow(entry.path)) {
          const message = `${this.host} lists a file of ${repository} that leads out of its folder: ${quoted(entry.path)}.`;
          throw new TidemarkError('network', message, { hint: foreignHubHint });
        }
        if (entry.type === 'file') {
          files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, digest: digestOf(entry) });
        }
      }
      return files;
    });
  }

  /**
   * The bytes of a file from `start` to before `end` (the file's end if left out). The stream fails when the server falls
   * silent. Throws 'network', and RangeIgnored when the server sends the whole file instead.
   */
  async bytes(
    repository: string,
    commit: string,
    path: string,
    { start, end }: { readonly start: number; readonly end?: number },
  ): Promise<ReadableStream<Uint8Array>> {
    const url = `${this.settings.endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    const isWhole = start === 0 && end === undefined;
    const range = `bytes=${start}-${end === undefined ? '' : end - 1}`;
    const response = await this.#ask(
      repository,
      async () =>
        await this.#request(
          url,
          isWhole ? {} : { headers: { range } },
          end === undefined ? Infinity : end - start,
        ),
    );
    if (!isWhole && response.status !== 206) {
      await response.body?.cancel();
      throw new RangeIgnored(this.host);
    }
    return response.body ?? new Blob().stream();
  }

  get #options() {
    let pages = 0;
    const request: typeof fetch = async (input, init) => {
      pages += 1;
      if (pages > mostPages) {
        const message = `${this.host} lists files without end.`;
        throw new TidemarkError('network', message, { hint: foreignHubHint });
      }
      return await this.#request(input, init, longestAnswerBytes);
    };
    return { hubUrl: this.settings.endpoint, fetch: request };
  }

  /**
   * The token goes in here rather than through the library, which takes only those that begin with `hf_`; and to the hub
   * alone, wherever the address of a listing's next page leads. Throws a Refusal for an answer that is an error.
   */
  async #request(
    input: Parameters<typeof fetch>[0],
    init: RequestInit | undefined,
    mostBytes: number,
  ): Promise<Response> {
    const isHub = (address: string): boolean =>
      new URL(address).origin === new URL(this.settings.endpoint).origin;
    const { token } = this.settings;
    const headers = new Headers(init?.headers);
    headers.set('user-agent', 'tidemark');
    if (token !== undefined && isHub(input instanceof Request ? input.url : String(input))) {
      if (!/^[\x21-\x7e]+$/.test(token.value)) {
        const message = `The token from ${token.source} has characters that no token has.`;
        throw new TidemarkError('network', message, { hint: `To continue, ${token.renewal}.` });
      }
      headers.set('authorization', `Bearer ${token.value}`);
    }
    const silence = new AbortController();
    // Where a request fails or has no body, the timer aborts what has ended, which does nothing.
    const timer = later('ending a request', this.#silence, () =>
      silence.abort(new Error('the server fell silent')),
    ).unref();
    const signal = AbortSignal.any([silence.signal, ...(this.#signal === undefined ? [] : [this.#signal])]);
    const response = await fetch(input, { ...init, headers, signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Refusal(response, isHub(response.url) && headers.has('authorization') ? token : undefined);
    }
    if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
      // Nothing that is asked for here is a page. The sign-in page of a hotel or an airport is one, with status 200.
      await response.body?.cancel();
      const { host } = new URL(response.url);
      const via = host === this.host ? '' : ` (for ${this.host})`;
      const message = `${host}${via} answered with a web page instead of data.`;
      throw new TidemarkError('network', message, { hint: signInHint });
    }
    if (response.body === null) {
      return response;
    }
    let receivedBytes = 0;
    const watched = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          receivedBytes += chunk.byteLength;
          if (receivedBytes > mostBytes) {
            clearTimeout(timer);
            const message = `${this.host} sent more than it was asked for.`;
            throw new TidemarkError('network', message, { hint: foreignHubHint });
          }
          timer.refresh();
          controller.enqueue(chunk);
        },
        flush: () => clearTimeout(timer),
        cancel: () => clearTimeout(timer),
      }),
    );
    return copyOf(response, watched);
  }

  /** Waits before a further attempt, as long as the server asks for. Throws `error` where that is too long. */
  async pauseAfter(error: TransientError, attempt: number): Promise<void> {
    const { pauseSeconds = 0 } = error;
    if (pauseSeconds > longestPauseSeconds) {
      throw error;
    }
    if (pauseSeconds > unspokenPauseSeconds) {
      this.#onWait?.(`${this.host} asked for a pause of ${formatDuration(pauseSeconds)}; waiting.`);
    }
    const milliseconds = Math.max(this.#pause * 2 ** attempt, 1000 * pauseSeconds);
    await wait(milliseconds, undefined, { signal: this.#signal });
  }

  /** With retries, for short answers; a download has its own. */
  async #askAgain<Result>(repository: string, request: () => Promise<Result>): Promise<Result> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#ask(repository, request);
      } catch (error) {
        if (!(error instanceof TransientError) || attempt === retries) {
          throw error;
        }
        await this.pauseAfter(error, attempt);
      }
    }
  }

  async #ask<Result>(repository: string, request: () => Promise<Result>): Promise<Result> {
    try {
      return await request();
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.errorOf(repository, error);
    }
  }

  /** What went wrong with a request, for a person; a TransientError where trying again may help. */
  errorOf(repository: string, error: unknown): TidemarkError {
    if (error instanceof TidemarkError) {
      return error;
    }
    const packagedHint = 'Models that `tidemark models` lists need no network.';
    const lasting = (code: 'network' | 'unknown-model', message: string, hint: string): TidemarkError =>
      new TidemarkError(code, message, { hint, cause: error });
    if (!(error instanceof Refusal)) {
      const certificateProblem = certificateCodeOf(error);
      if (certificateProblem !== undefined) {
        return lasting(
          'network',
          `The certificate of ${this.host} is not trusted (${certificateProblem}).`,
          'The network may intercept connections: sign in to it in a browser, or set NODE_EXTRA_CA_CERTS to the file with its certificate.',
        );
      }
      if (isForeignAnswer(error)) {
        return lasting('network', `${this.host} sent an answer that cannot be read.`, foreignHubHint);
      }
      const message = `${this.host} cannot be reached, or closed the connection.`;
      return new TransientError(message, packagedHint, error);
    }
    const { status, token, host, pauseSeconds } = error;
    const later =
      pauseSeconds === undefined || pauseSeconds === 0
        ? undefined
        : `Try again in ${formatDuration(pauseSeconds)}.`;
    if (host !== this.host && status < 500 && status !== 429) {
      const message = `${host} refused a request for ${repository} with error ${status}.`;
      return lasting(
        'network',
        message,
        `${this.host} redirects there. Try again later, or on another network.`,
      );
    }
    switch (status) {
      case 511:
        return lasting('network', `The network that you are on wants you to sign in first.`, signInHint);
      case 401:
      case 404:
        if (status === 401 && token !== undefined) {
          return lasting(
            'network',
            `${host} rejected the token from ${token.source}, which may have expired.`,
            `To continue, ${token.renewal}.`,
          );
        }
        // Without a token the hub returns 401 also for what does not exist, so as not to reveal what is private.
        return token === undefined
          ? lasting(
              'unknown-model',
              `${host} has no public model ${repository}, or no such file in it.`,
              'Check the name. For a private or gated repository, set HF_TOKEN.',
            )
          : lasting(
              'unknown-model',
              `${host} has no model ${repository} that the token from ${token.source} can read, or no such file in it.`,
              'Check the name. For a private repository, use a token of an account that can read it.',
            );
      case 403:
        return token === undefined
          ? lasting(
              'network',
              `${host} denies access to ${repository}.`,
              'Request access on its page, and set HF_TOKEN to a token that has it.',
            )
          : lasting(
              'network',
              `${host} denies access to ${repository} with the token from ${token.source}.`,
              `Request access at ${this.settings.endpoint}/${repository}, and check that the token may read it.`,
            );
      case 429:
        return new TransientError(
          `${host} is limiting requests.`,
          later ?? 'Try again later.',
          error,
          pauseSeconds,
        );
      default:
        return status >= 500
          ? new TransientError(
              `${host} returned error ${status}.`,
              later ?? packagedHint,
              error,
              pauseSeconds,
            )
          : lasting(
              'network',
              `${host} refused a request for ${repository} with error ${status}.`,
              'Check the name and the revision, and HF_ENDPOINT if it is set.',
            );
    }
  }
}

function digestOf(entry: {
  readonly oid?: string;
  readonly lfs?: { readonly oid: string };
  readonly path: string;
}): Digest {
  const digest: Digest =
    entry.lfs === undefined
      ? { algorithm: 'git-sha1', value: entry.oid ?? '' }
      : { algorithm: 'sha256', value: entry.lfs.oid.replace(/^sha256:/, '') };
  // It names a file in the cache, so nothing but a digest may pass.
  const length = digest.algorithm === 'sha256' ? 64 : 40;
  if (!new RegExp(`^[0-9a-f]{${length}}$`).test(digest.value)) {
    throw new TidemarkError('network', `The hub returned no digest for ${printable(entry.path)}.`);
  }
  return digest;
}

/** A response with another body; its constructor would lose the address. */
function copyOf(response: Response, body: ReadableStream<Uint8Array>): Response {
  const copy = new Response(body, response);
  Object.defineProperty(copy, 'url', { value: response.url });
  return copy;
}
