/** Speaks utterances in a host of its own and gives the audio out. */

import { joined } from '../audio/wav.ts';
import { mlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { DeviceRecord, VersionsRecord } from '@tidemark/shared/protocol/provenance.ts';
import type { LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { Subject } from './profile.ts';
import type { SpeechSettings } from './settings.ts';

export interface SpeakOptions {
  readonly signal?: AbortSignal | undefined;
  readonly mlx?: MlxSettings | undefined;
  readonly onLoad?: ((load: LoadRecord) => void) | undefined;
  readonly onUtterance?: ((done: number, of: number) => void) | undefined;
}

export interface Speech {
  /** All utterances, one after the other. */
  readonly audio: Float32Array;
  /** In Hz. */
  readonly sampleRate: number;
  readonly device: DeviceRecord;
  readonly versions: VersionsRecord;
  /** Loading apart. */
  readonly synthesisSeconds: number;
}

/** Throws a TidemarkError where the model cannot be loaded or the host dies, and the signal's reason when it is aborted. */
export async function speak(
  { model, voiceFile }: Subject,
  { phonemes, seed, deterministic, speed }: SpeechSettings,
  { signal, mlx = {}, onLoad, onUtterance }: SpeakOptions = {},
): Promise<Speech> {
  await using host = await ModelHost.start({ signal, environment: mlxEnvironment(mlx) });
  const load = await host.load({ folder: model.folder, voiceFile }, { signal });
  onLoad?.(load);
  const parts: Float32Array[] = [];
  let sampleRate = 0;
  const startedAt = performance.now();
  for (const [index, utterance] of phonemes.entries()) {
    const part = await host.synthesize(
      // The generator starts from the seed once, so that the noise does not repeat from one utterance to the next.
      { phonemes: utterance, seed: index === 0 ? seed : undefined, deterministic, speed },
      { signal },
    );
    parts.push(part.audio);
    sampleRate = part.sampleRate;
    onUtterance?.(index + 1, phonemes.length);
  }
  const synthesisSeconds = (performance.now() - startedAt) / 1000;
  return { audio: joined(parts), sampleRate, synthesisSeconds, ...host.description };
}
