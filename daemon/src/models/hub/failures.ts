/** How a request to a hub fails: an answer that is an error, a failure that may pass, a server that is none of a hub's. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Token } from './environment.ts';

/** A server that asks for more asks for nothing that a person could wait for: a week. */
const longestAskedSeconds = 7 * 86_400;

/** OpenSSL's name of what is wrong with a server's certificate, if that is why a request failed. */
export function certificateCodeOf(error: unknown): string | undefined {
  const { code } = (error instanceof Error ? (error.cause ?? {}) : {}) as { readonly code?: unknown };
  return typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS_/.test(code) ? code : undefined;
}

/** Whether a whole answer came, but not of the form that the hub's have. `fetch` fails with a TypeError that has a cause. */
export const isForeignAnswer = (error: unknown): boolean =>
  error instanceof SyntaxError || (error instanceof TypeError && error.cause === undefined);

/** An answer that is an error. */
export class Refusal extends Error {
  readonly status: number;
  /** Who gave it: the hub, or a server that it redirects to. */
  readonly host: string;
  /** The token that was sent to this host. */
  readonly token: Token | undefined;
  /** How long the server asks to be left alone. */
  readonly pauseSeconds: number | undefined;

  constructor({ status, url, headers }: Response, token: Token | undefined) {
    super(`${url} answered with ${status}`);
    this.status = status;
    this.host = new URL(url).host;
    this.token = token;
    this.pauseSeconds = askedPause(headers);
  }
}

/**
 * Seconds of a Retry-After, which is a number or a date (RFC 9110, 10.2.3); else of the hub's own header, which counts
 * down to its next window: `ratelimit: "api";r=0;t=55`.
 */
function askedPause(headers: Headers): number | undefined {
  const retryAfter = headers.get('retry-after')?.trim();
  const windowEnd = /;\s*r=0\s*;\s*t=(?<seconds>\d+)/.exec(headers.get('ratelimit') ?? '')?.groups?.[
    'seconds'
  ];
  const text = retryAfter ?? windowEnd ?? '';
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), longestAskedSeconds);
}

/** A failure that may pass. */
export class TransientError extends TidemarkError {
  /** How long the server asks to wait before a further attempt. */
  readonly pauseSeconds: number | undefined;

  constructor(message: string, hint: string, cause: unknown, pauseSeconds?: number) {
    super('network', message, { hint, cause });
    this.pauseSeconds = pauseSeconds;
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
