/** Finds what a command works on, and shows the building or fetching of it. */

import { resolveModel } from '../models/resolve.ts';
import { parseTarget } from '../models/target.ts';
import { voicePath } from '../models/voice-path.ts';
import { packagedVoices, unknownVoice } from '../models/voices.ts';
import { dataFolder } from '../paths.ts';
import type { Subject } from '../profiler/profile.ts';
import type { Context } from './command.ts';
import { showModelProgress } from './progress.ts';

/**
 * Refuses what is misspelt before any work is begun. A model from elsewhere may have voices of its own, so only where all
 * models are of the catalogue is a voice known not to exist. Throws a TidemarkError: 'unknown-model', 'unknown-voice'.
 */
export function checkNames(models: readonly string[], voice: string): void {
  const areAllOurs = models.map(parseTarget).every(({ kind }) => kind === 'packaged');
  const isPath = voice.includes('/') || voice.endsWith('.safetensors');
  if (areAllOurs && !isPath && !packagedVoices().includes(voice)) {
    throw unknownVoice(voice, packagedVoices());
  }
}

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
