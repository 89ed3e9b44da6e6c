/** What a person should know of a daemon that runs on after an upgrade, which it does not notice itself. */

import { tidemarkVersion } from '../version.ts';

interface OtherVersion {
  readonly message: string;
  readonly hint: string;
}

/** Undefined for a daemon of this command's own version. */
export function otherVersion(version: string): OtherVersion | undefined {
  return version === tidemarkVersion
    ? undefined
    : {
        message: `The daemon is version ${version}, and this command is version ${tidemarkVersion}.`,
        hint: 'Run `tidemark service install` to restart it with this one, or start it again where it runs in a terminal.',
      };
}
