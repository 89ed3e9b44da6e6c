/** Requests to a Hugging Face hub: what a repository holds, and bytes of its files, with errors that a person can act on. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isBelow } from '../../files/below.ts';
import { huggingFaceHome } from './cache.ts';

export interface HubFile {
  /** In the repository, '/'-separated. */
  readonly path: string;
  readonly size: number;
  /** What the hub says of the bytes: SHA-256 of a large file, Git's blob id of a small one; hexadecimal. */
  readonly digest: { readonly algorithm: 'sha256' | 'git-sha1'; readonly value: string };
}

interface HubSettings {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly isOffline: boolean;
}

/** The settings that Hugging Face's own libraries read from the environment. */
export function hubSettings(): HubSettings {
  const { HF_ENDPOINT, HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE } = process.env;
  const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';
  const stored = (): string | undefined => {
    try {
      return readFileSync(HF_TOKEN_PATH ?? join(huggingFaceHome(), 'token'), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const token = [HF_TOKEN, HUGGING_FACE_HUB_TOKEN].find(isSet) ?? stored();
  return {
    endpoint: (isSet(HF_ENDPOINT) ? HF_ENDPOINT : 'https://huggingface.co').replace(/\/+$/, ''),
    token: isSet(token) ? token.trim() : undefined,
    isOffline: ['1', 'true', 'yes', 'on'].includes((HF_HUB_OFFLINE ?? '').toLowerCase()),
  };
}

interface HubClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long a server may stay silent before it counts as gone, in milliseconds. */
  readonly silence?: number;
  /** The pause before the first retry, in milliseconds; each further one is twice as long. */
  readonly pause?: number;
}

/** What to do where a server's answers are not those of a Hugging Face hub. */
const foreignHubHint = 'Check HF_ENDPOINT: this server does not answer as a Hugging Face hub does.';

/** Further attempts at a question that failed for a reason which may pass. */
const retries = 2;

export class HubClient {
  readonly settings: HubSettings;
  readonly pause: number;
  readonly #signal: AbortSignal | undefined;
  readonly #silence: number;

  constructor(settings: HubSettings, { signal, silence = 30_000, pause = 500 }: HubClientOptions = {}) {
    this.settings = settings;
    this.pause = pause;
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
          const message = `${this.host} lists a file of ${repository} that leads out of its folder: ${JSON.stringify(entry.path)}.`;
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
    const response = await this.#ask(repository, async () => {
      const answer = await this.#fetch(url, isWhole ? {} : { headers: { range } });
      if (!answer.ok) {
        await answer.body?.cancel();
        throw new HubApiError(url, answer.status);
      }
      return answer;
    });
    if (!isWhole && response.status !== 206) {
      await response.body?.cancel();
      throw new RangeIgnored(this.host);
    }
    return response.body ?? new Blob().stream();
  }

  get #options() {
    return { hubUrl: this.settings.endpoint, fetch: this.#fetch };
  }

  /** The token goes in here rather than through the library, which takes only those that begin with `hf_`. */
  readonly #fetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('user-agent', 'tidemark');
    if (this.settings.token !== undefined) {
      headers.set('authorization', `Bearer ${this.settings.token}`);
    }
    const silence = new AbortController();
    // Where a request fails or has no body, the timer aborts what has ended, which does nothing.
    const timer = setTimeout(() => silence.abort(new Error('the server fell silent')), this.#silence).unref();
    const signal = AbortSignal.any([silence.signal, ...(this.#signal === undefined ? [] : [this.#signal])]);
    const response = await fetch(input, { ...init, headers, signal });
    if (response.body === null) {
      return response;
    }
    const watched = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          timer.refresh();
          controller.enqueue(chunk);
        },
        flush: () => clearTimeout(timer),
        cancel: () => clearTimeout(timer),
      }),
    );
    return copyOf(response, watched);
  };

  /** With retries, for short answers; a download has its own. */
  async #askAgain<Result>(repository: string, request: () => Promise<Result>): Promise<Result> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#ask(repository, request);
      } catch (error) {
        if (!(error instanceof TransientError) || attempt === retries) {
          throw error;
        }
        await wait(this.pause * 2 ** attempt, undefined, { signal: this.#signal });
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
    const transient = (message: string, hint = packagedHint): TransientError =>
      new TransientError(message, hint, error);
    const lasting = (code: 'network' | 'unknown-model', message: string, hint?: string): TidemarkError =>
      new TidemarkError(code, message, { hint, cause: error });
    const status = error instanceof HubApiError ? error.statusCode : undefined;
    switch (status) {
      case undefined:
        return transient(`${this.host} cannot be reached, or closed the connection.`);
      case 401:
      case 404:
        // The hub returns 401 also for what does not exist, so as not to reveal what is private.
        return lasting(
          'unknown-model',
          `${this.host} has no public model ${repository}, or no such file in it.`,
          'Check the name. For a private or gated repository, set HF_TOKEN.',
        );
      case 403:
        return lasting(
          'network',
          `${this.host} denies access to ${repository}.`,
          'Request access on its page, and set HF_TOKEN to a token that has it.',
        );
      case 429:
        return transient(`${this.host} is limiting requests.`, 'Try again later.');
      default:
        return status >= 500
          ? transient(`${this.host} returned error ${status}.`)
          : lasting('network', `${this.host} refused a request for ${repository} with error ${status}.`);
    }
  }
}

/** A failure that may pass. */
export class TransientError extends TidemarkError {
  constructor(message: string, hint: string, cause: unknown) {
    super('network', message, { hint, cause });
  }
}

/** A server that does not support range requests. */
export class RangeIgnored extends TidemarkError {
  constructor(host: string) {
    super('network', `${host} does not support range requests.`, {
      hint: 'Download the model first; its local files can then be read.',
    });
  }
}

function digestOf(entry: {
  readonly oid?: string;
  readonly lfs?: { readonly oid: string };
  readonly path: string;
}) {
  const digest =
    entry.lfs === undefined
      ? ({ algorithm: 'git-sha1', value: entry.oid ?? '' } as const)
      : ({ algorithm: 'sha256', value: entry.lfs.oid.replace(/^sha256:/, '') } as const);
  // It names a file in the cache, so nothing but a digest may pass.
  const length = digest.algorithm === 'sha256' ? 64 : 40;
  if (!new RegExp(`^[0-9a-f]{${length}}$`).test(digest.value)) {
    throw new TidemarkError('network', `The hub returned no digest for ${entry.path}.`);
  }
  return digest;
}

/** A response with another body; its constructor would lose the address. */
function copyOf(response: Response, body: ReadableStream<Uint8Array>): Response {
  const copy = new Response(body, response);
  Object.defineProperty(copy, 'url', { value: response.url });
  return copy;
}
