/** An error that the daemon answered with, or that its client ran into. */

import { TidemarkError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Result } from '../protocol/daemon/methods.ts';
import { errorNumbers } from '../protocol/daemon/wire.ts';
import type { WireError } from '../protocol/daemon/wire.ts';

export class DaemonError extends TidemarkError {
  readonly number: number;

  constructor({ code, number, message, hint }: WireError) {
    super(code, message, { hint });
    this.number = number;
  }
}

/** One that arose on this side of the socket. */
export function clientError(code: ErrorCode, message: string, hint?: string): DaemonError {
  const [number] = errorNumbers[code];
  return new DaemonError({ code, number, message, hint });
}

/** A daemon that speaks another version of the protocol, as its handshake says. */
export class OtherVersionError extends DaemonError {
  /** Whether it is the daemon that has to be brought up to date, and not the client. */
  readonly daemonIsOlder: boolean;
  /** What it said of itself, where that is known. */
  readonly daemon: Result<'hello'> | undefined;

  constructor(
    message: string,
    { daemonIsOlder, daemon }: { readonly daemonIsOlder: boolean; readonly daemon?: Result<'hello'> },
  ) {
    super({
      code: 'protocol-version',
      number: errorNumbers['protocol-version'][0],
      message,
      hint: daemonIsOlder
        ? 'Restart the daemon with `tidemark service restart`, so that the installed version runs.'
        : 'Update this client.',
    });
    this.daemonIsOlder = daemonIsOlder;
    this.daemon = daemon;
  }
}
