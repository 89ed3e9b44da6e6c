/** Speaks utterances in a host of its own and gives the audio out. */

import { mlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { DeviceRecord, VersionsRecord } from '@tidemark/shared/protocol/provenance.ts';
import type { LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import type { StrategyName } from '@tidemark/shared/protocol/workload.ts';
import { ModelHost } from '../host/model-host.ts';
import type { HostResult } from '../host/messages.ts';
import type { Subject } from './profile.ts';
import type { SpeechSettings } from './settings.ts';

export interface SpeakOptions {
  readonly signal?: AbortSignal | undefined;
  readonly mlx?: MlxSettings | undefined;
  readonly strategy?: StrategyName | undefined;
  readonly onLoad?: ((load: LoadRecord) => void) | undefined;
}

export interface Speech {
  readonly device: DeviceRecord;
  readonly versions: VersionsRecord;
  /** Loading apart, and whatever takes the audio. */
  readonly synthesisSeconds: number;
}

/**
 * Gives each utterance's audio to `take`, and makes the next one while that works; has the last one taken before it ends, in
 * whatever way it does.
 *
 * Throws a TidemarkError where the model cannot be loaded or the host dies, what `take` throws, and the signal's reason when it
 * is aborted.
 */
export async function speak(
  { model, voiceFile, engine }: Subject,
  { phonemes, seed, deterministic, speed }: SpeechSettings,
  take: (utterance: HostResult<'synthesize'>) => Promise<void>,
  { signal, mlx = {}, strategy, onLoad }: SpeakOptions = {},
): Promise<Speech> {
  await using host = await ModelHost.start({ signal, environment: mlxEnvironment(mlx), engine });
  const load = await host.load({ folder: model.folder, voiceFile, strategy }, { signal });
  onLoad?.(load);
  let synthesisSeconds = 0;
  let taken: Promise<unknown> = Promise.resolve();
  try {
    for (const [index, utterance] of phonemes.entries()) {
      const startedAt = performance.now();
      const spoken = await host.synthesize(
        // The generator starts from the seed once, so that the noise does not repeat from one utterance to the next.
        { phonemes: utterance, seed: index === 0 ? seed : undefined, deterministic, speed },
        { signal },
      );
      synthesisSeconds += (performance.now() - startedAt) / 1000;
      await taken;
      taken = take(spoken);
      // It is seen when the next one is there, or at the end.
      taken.catch(() => undefined);
    }
    await taken;
  } finally {
    await taken.catch(() => undefined);
  }
  return { synthesisSeconds, ...host.description };
}
