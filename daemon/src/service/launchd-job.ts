/** What `launchctl print` says of a service, as far as its words have been the same from macOS 10.15 to 26. */

export interface Job {
  /** `running`, `not running`, `spawn scheduled`, … */
  readonly state: string | undefined;
  readonly pid: number | undefined;
  readonly runs: number | undefined;
  /** Undefined while it has never exited, and after an end by a signal. */
  readonly lastExitCode: number | undefined;
  /** Such as `Killed: 9`; launchd prints it in the place of the exit code. */
  readonly lastSignal: string | undefined;
}

/**
 * Only the service's own lines count: its coalitions, endpoints and sockets are blocks with a `state` of their own. Apple
 * promises no form for this output, so nothing is required of it.
 */
export function readJob(printed: string): Job {
  const own = new Map<string, string>();
  let depth = 0;
  for (const line of printed.split('\n')) {
    const text = line.trim();
    if (text.endsWith('{')) {
      depth += 1;
    } else if (text === '}') {
      depth -= 1;
    } else if (depth === 1) {
      const [, name, value] = /^([^=]+?) = (.*)$/.exec(text) ?? [];
      if (name !== undefined && value !== undefined) {
        own.set(name, value);
      }
    }
  }
  return {
    state: own.get('state'),
    pid: wholeNumber(own.get('pid')),
    runs: wholeNumber(own.get('runs')),
    // `0`, `(never exited)`, or a number of sysexits(3) with its name: `78: EX_CONFIG`.
    lastExitCode: wholeNumber(own.get('last exit code')),
    lastSignal: own.get('last terminating signal'),
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  const [digits] = /^\d+\b/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}
