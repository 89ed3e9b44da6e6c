/** Refuses names of models and voices that cannot be right, before any work is begun. */

import { parseTarget } from './target.ts';
import { packagedVoices, unknownVoice } from './voices.ts';

/**
 * A model from elsewhere may have voices of its own, so only where all models are of the catalogue is a voice known not to
 * exist. Throws a TidemarkError: 'unknown-model', 'unknown-voice'.
 */
export function checkNames(models: readonly string[], voice: string): void {
  const areAllOurs = models.map(parseTarget).every(({ kind }) => kind === 'packaged');
  const isPath = voice.includes('/') || voice.endsWith('.safetensors');
  if (areAllOurs && !isPath && !packagedVoices().includes(voice)) {
    throw unknownVoice(voice, packagedVoices());
  }
}
