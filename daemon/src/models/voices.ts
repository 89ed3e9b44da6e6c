/** The packaged voices, as safetensors files that MLX reads, and which names are voices. */

import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable, printableList } from '@tidemark/shared/printable.ts';
import { makeFolder, replaceFile } from '../files/durable.ts';
import { withLock } from '../files/lock.ts';
import { storageError } from '../files/storage-errors.ts';
import { voiceLanguages } from '../kokoro/phonemes/voices.ts';
import { isTensorFileName } from '../kokoro/weight-files.ts';
import { didYouMean } from './nearest.ts';
import { setupHint } from '../paths.ts';
import { packagedVoicesFolder } from './packaged.ts';
import { headerOf } from './safetensors/write.ts';
import { isTorchFile } from './voice-files.ts';
import { absolutePath, hasControls, parseTarget, withHome } from './target.ts';

/** Lengths of utterances in phonemes, and values of a style: [510, 1, 256], float32. */
const voiceShape = [510, 1, 256] as const;
export const voiceBytes = 4 * voiceShape[0] * voiceShape[2];

/** The voice files in a checkpoint's `voices`; none where it has no such folder. */
export function voicesIn(checkpointFolder: string): string[] {
  try {
    return readdirSync(join(checkpointFolder, 'voices')).filter(
      (name) => isTensorFileName(name) || (isTorchFile(name) && !name.startsWith('.')),
    );
  } catch {
    return [];
  }
}

/** The names of the packaged voices, sorted. Throws 'bad-checkpoint' where set-up has left none. */
export function packagedVoices(): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(packagedVoicesFolder);
  } catch {
    // Reported below, like an empty folder.
  }
  const voices = names.filter((name) => name.endsWith('.bin')).map((name) => name.slice(0, -'.bin'.length));
  if (voices.length === 0) {
    const message = `There are no packaged voices in ${packagedVoicesFolder}.`;
    throw new TidemarkError('bad-checkpoint', message, { hint: setupHint });
  }
  return voices.sort();
}

export const voicesFolder = (dataFolder: string): string => join(dataFolder, 'voices');

/**
 * Converts every packaged voice that `dataFolder`/voices lacks or holds with other bytes; returns all their names. The
 * checkpoints' voices are links to these. Throws 'not-writable'.
 */
export async function convertVoices(dataFolder: string, signal?: AbortSignal): Promise<string[]> {
  const folder = voicesFolder(dataFolder);
  const voices = packagedVoices();
  await withLock(
    join(dataFolder, 'locks', 'voices.lock'),
    async () => {
      try {
        makeFolder(folder);
        for (const voice of voices) {
          const path = join(folder, `${voice}.safetensors`);
          const expected = await voiceFile(voice);
          const present = await readFile(path).catch(() => undefined);
          if (present === undefined || !present.equals(expected)) {
            await replaceFile(path, expected);
          }
        }
      } catch (error) {
        throw storageError(error, folder);
      }
    },
    { signal },
  );
  return voices;
}

async function voiceFile(voice: string): Promise<Buffer> {
  const path = join(packagedVoicesFolder, `${voice}.bin`);
  const styles = await readFile(path);
  if (styles.byteLength !== voiceBytes) {
    const message = `The packaged voice ${path} has ${styles.byteLength} bytes instead of ${voiceBytes}.`;
    throw new TidemarkError('bad-checkpoint', message, { hint: setupHint });
  }
  const header = headerOf([{ name: 'voice', dtype: 'F32', shape: voiceShape }]);
  return Buffer.concat([header, styles]);
}

/** The error for a voice that a model does not have: it names the nearest, and lists all by language. */
export function unknownVoice(voice: string, voices: readonly string[]): TidemarkError {
  const byLanguage = Object.entries(Object.groupBy(voices, languageOf)).map(
    ([language, names = []]) => `  ${language}: ${printableList(names, 100)}`,
  );
  const message = `There is no voice named ${printable(voice)}.${didYouMean(voice, voices)}`;
  return new TidemarkError('unknown-voice', message, {
    hint: `Available voices:\n${byLanguage.join('\n')}`,
  });
}

const languageOf = (voice: string): string => voiceLanguages[voice.slice(0, 1)] ?? 'Other';

/** Whether a voice is given as the path of its file rather than by its name. */
export const isVoiceFile = (voice: string): boolean =>
  voice.includes('/') || voice.endsWith('.safetensors') || isTorchFile(voice);

/** The names and paths in a voice: several, with commas between them, are a mix. A file's name may have commas itself. */
export function partsOfVoice(voice: string): string[] {
  return isVoiceFile(voice) && existsSync(withHome(voice))
    ? [voice]
    : voice.split(',').map((part) => part.trim());
}

/**
 * A model from elsewhere may have voices of its own, so only where all models are of the catalogue is a voice known not to
 * exist. Throws a TidemarkError: 'unknown-model', 'unknown-voice'.
 */
export function checkNames(models: readonly string[], voice: string): void {
  const areAllOurs = models.map(parseTarget).every(({ kind }) => kind === 'packaged');
  for (const part of partsOfVoice(voice)) {
    if (hasControls(part)) {
      throw unknownVoice(part, packagedVoices());
    }
    if (isVoiceFile(part)) {
      absolutePath(part, 'unknown-voice', 'the path of the file');
    }
  }
  const unknown = areAllOurs
    ? partsOfVoice(voice).find((part) => !isVoiceFile(part) && !packagedVoices().includes(part))
    : undefined;
  if (unknown !== undefined) {
    throw unknownVoice(unknown, packagedVoices());
  }
}
