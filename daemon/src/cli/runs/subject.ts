/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

import { resolve } from 'node:path';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import { resolveSubject } from '../../models/resolve.ts';
import { parseTarget } from '../../models/target.ts';
import { isVoiceFile, partsOfVoice } from '../../models/voices.ts';
import { dataFolder } from '../../paths.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { ProfileRequest } from '../../profiler/settings.ts';
import type { Context } from '../command.ts';
import { showModelProgress } from '../progress.ts';

/** For all that finds, makes or fetches models: where they are kept, what stops it, and who sees how far it is. */
export const modelOptions = ({ signal, progress }: Pick<Context, 'signal' | 'progress'>) => ({
  dataFolder: dataFolder(),
  signal,
  onProgress: showModelProgress(progress),
});

/** The model that `spec` names, on this machine, with its voice. */
export const findSubject = (spec: string, voice: string, context: Context): Promise<Subject> =>
  resolveSubject(spec, voice, modelOptions(context));

/** A folder that is relative here is another one for the daemon, so it gets the whole path. */
export function absoluteModel(spec: string): string {
  const target = parseTarget(spec);
  return target.kind === 'path' ? target.path : spec;
}

/** The same for a voice, of which any part may be a file. */
export const absoluteVoice = (voice: string): string =>
  partsOfVoice(voice)
    .map((part) => (isVoiceFile(part) ? resolve(part) : part))
    .join(',');

/** The loop's part of what the daemon is asked. */
export const loopParameters = (request: ProfileRequest): Omit<ProfileParameters, 'model'> => ({
  ...request,
  voice: absoluteVoice(request.voice),
});
