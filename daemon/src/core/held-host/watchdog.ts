/** Watches hosts during a run: stops one that hangs, and one that exceeds the memory limit. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { every, later } from '../../background.ts';
import { liveHostsResidentBytes } from '../../host/host-processes.ts';

export interface WatchOptions {
  /** What else ends the work. */
  readonly signal: AbortSignal;
  /** How long a host may take for one utterance before it counts as hung. */
  readonly hostTimeoutSeconds: number;
  /** The most memory that all hosts together may use; 0 for no limit. */
  readonly memoryCeilingBytes: number;
}

export interface Watch {
  /** Aborted by the outer signal, or with 'host-timeout' or 'memory-ceiling' as the reason. */
  readonly signal: AbortSignal;
  /** The host has responded, and the next response may take `patience` times the time-out. */
  readonly beat: (patience?: number) => void;
  /** A figure from the host itself, which on macOS knows more than the system tells others. */
  readonly weigh: (footprintBytes: number) => void;
}

/** How often a running host's memory is read from outside: the limit protects the machine, and need not be exact. */
const weighEveryMilliseconds = 1000;

/** Runs `work` under watch. Whatever the work makes of its aborted signal is its result. */
export async function watched<Result>(
  { signal, hostTimeoutSeconds, memoryCeilingBytes }: WatchOptions,
  work: (watch: Watch) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let silence: NodeJS.Timeout | undefined;
  const beat = (patience = 1): void => {
    clearTimeout(silence);
    const seconds = hostTimeoutSeconds * patience;
    silence = later('stopping a model host that hangs', Math.min(seconds * 1000, longestTimer), () =>
      controller.abort(hung(seconds)),
    );
  };
  const weigh = (footprintBytes: number): void => {
    if (memoryCeilingBytes > 0 && footprintBytes > memoryCeilingBytes) {
      controller.abort(overMemoryLimit(footprintBytes, memoryCeilingBytes));
    }
  };
  let isWeighing = false;
  const scales = every('reading the memory of the model host', weighEveryMilliseconds, async () => {
    // One at a time: a machine that is slow to answer is not asked again meanwhile.
    if (!isWeighing) {
      isWeighing = true;
      try {
        weigh(await liveHostsResidentBytes());
      } finally {
        isWeighing = false;
      }
    }
  });
  try {
    beat();
    return await work({ signal: AbortSignal.any([signal, controller.signal]), beat, weigh });
  } finally {
    clearTimeout(silence);
    clearInterval(scales);
  }
}

/** In milliseconds; Node's timers take no more than this. */
export const longestTimer = 2 ** 31 - 1;

const hung = (seconds: number): TidemarkError =>
  new TidemarkError(
    'host-timeout',
    `The model host did not respond for ${formatDuration(seconds)}, so it was stopped.`,
    {
      hint: 'Run again. If one utterance takes longer than that, increase the setting `host-timeout`.',
    },
  );

export const overMemoryLimit = (footprintBytes: number, ceilingBytes: number): TidemarkError =>
  new TidemarkError(
    'memory-ceiling',
    `The model host used ${formatBytes(footprintBytes)}, more than the memory limit of ${formatBytes(ceilingBytes)}, so it was stopped.`,
    { hint: 'Use a shorter text or a smaller model, or increase the setting `memory-ceiling`.' },
  );
