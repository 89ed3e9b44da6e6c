/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

import { resolve } from 'node:path';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import { resolveModel } from '../../models/resolve.ts';
import { parseTarget } from '../../models/target.ts';
import { voicePath } from '../../models/voice-path.ts';
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

/** The model that `spec` names, on this machine, with its voice. Throws what {@link resolveModel} and {@link voicePath} do. */
export async function findSubject(spec: string, voice: string, context: Context): Promise<Subject> {
  const options = modelOptions(context);
  const model = await resolveModel(spec, options);
  return { model, voiceFile: await voicePath(model, voice, options) };
}

/** A folder that is relative here is another one for the daemon, so it gets the whole path. */
export function absoluteModel(spec: string): string {
  const target = parseTarget(spec);
  return target.kind === 'path' ? target.path : spec;
}

/** The same for a voice, which may be a file. */
export const absoluteVoice = (voice: string): string =>
  voice.includes('/') || voice.endsWith('.safetensors') ? resolve(voice) : voice;

/** The loop's part of what the daemon is asked. */
export const loopParameters = (request: ProfileRequest): Omit<ProfileParameters, 'model'> => ({
  ...request,
  voice: absoluteVoice(request.voice),
});
