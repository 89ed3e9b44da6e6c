/** Where a run is done: by the daemon where one runs, so that its history has it; otherwise in this process. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { parseTarget } from '../../models/target.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import { tidemarkVersion } from '../../version.ts';
import type { Context } from '../command.ts';
import { daemonIfRunning } from '../daemon-connection.ts';

export interface PlaceOptions {
  readonly local?: true;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .optionsGroup('Daemon:')
    .option(
      '--local',
      'measure in a process of its own even where a daemon runs; the history does not get it',
    );
}

/**
 * The daemon that is to do the run. A daemon that speaks another version of the protocol is an error and not a reason to
 * measure here: beside a daemon whose host is at work both would be disturbed, and the person would look for the run in a
 * history that never got it.
 */
export async function daemonForRun(
  { local }: PlaceOptions,
  context: Context,
): Promise<DaemonClient | undefined> {
  if (local === true) {
    return undefined;
  }
  try {
    const daemon = await daemonIfRunning(context);
    if (daemon !== undefined && daemon.daemon.daemonVersion !== tidemarkVersion) {
      context.progress.note(
        `The daemon that measures is version ${daemon.daemon.daemonVersion}, and this is ${tidemarkVersion}: ` +
          '`tidemark service restart` brings them together.',
      );
    }
    return daemon;
  } catch (error) {
    if (error instanceof TidemarkError && (error.code === 'protocol-version' || error.code === 'timeout')) {
      const hint = `${error.hint ?? ''} Or measure without it: --local.`.trim();
      throw new TidemarkError(error.code, error.message, { hint, cause: error });
    }
    throw error;
  }
}

/** A folder that is relative here is another one for the daemon, so it is told the whole path. */
export function absoluteModel(spec: string): string {
  const target = parseTarget(spec);
  return target.kind === 'path' ? target.path : spec;
}

/** The same for a voice, which may be a file. */
export const absoluteVoice = (voice: string): string =>
  voice.includes('/') || voice.endsWith('.safetensors') ? resolve(voice) : voice;

/** The loop's part of what the daemon is asked. */
export function loopParameters(request: ProfileRequest): Omit<ProfileParameters, 'model'> {
  const { text, phonemes, voice, iterations, warmupIterations, seed, deterministic, speed } = request;
  return {
    ...(text === undefined ? {} : { text }),
    ...(phonemes === undefined ? {} : { phonemes }),
    voice: absoluteVoice(voice),
    iterations,
    warmupIterations,
    seed,
    deterministic,
    speed,
  };
}

/** Where to find the run again. */
export const keptNote = ({ id }: RunRecord): string =>
  `Run #${id}, kept in the history: \`tidemark show ${id}\` prints it again.`;
