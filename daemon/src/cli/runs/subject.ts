/** Finds what a command works on, and shows the building or fetching of it. */

import { resolveModel } from '../../models/resolve.ts';
import { voicePath } from '../../models/voice-path.ts';
import { dataFolder } from '../../paths.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { Context } from '../command.ts';
import { showModelProgress } from '../progress.ts';

/** The model that `spec` names, on this machine, with its voice. Throws what {@link resolveModel} and {@link voicePath} do. */
export async function findSubject(
  spec: string,
  voice: string,
  { signal, progress }: Context,
): Promise<Subject> {
  const options = { dataFolder: dataFolder(), signal, onProgress: showModelProgress(progress) };
  const model = await resolveModel(spec, options);
  return { model, voiceFile: await voicePath(model, voice, options) };
}
