/** Profiles one model in a host of its own. */

import { summarizeRun } from '@tidemark/shared/analysis/run-summary.ts';
import { profileSchemaVersion } from '@tidemark/shared/protocol/profile-document.ts';
import type {
  IterationSample,
  LoadRecord,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { runLoop } from './loop.ts';

export type ProfileEvent =
  | { readonly kind: 'loaded'; readonly load: LoadRecord }
  | { readonly kind: 'iteration'; readonly sample: IterationSample }
  /** The loop ended before its last iteration; the document says so too, but without the error's hint and cause. */
  | { readonly kind: 'ended-early'; readonly error: unknown };

export interface ProfileOptions {
  /** Ends the host; the document then holds what was measured until there. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ProfileEvent) => void) | undefined;
  readonly host?: Omit<StartOptions, 'signal'>;
}

/** A model and a voice that are on this machine. */
export interface Subject {
  readonly model: ResolvedModel;
  readonly voiceFile: string;
}

/**
 * Starts a host, loads the model and the voice, runs the loop, ends the host. Throws a TidemarkError where it does not come
 * to the loop; from then on every end is an outcome in the document.
 */
export async function profileModel(
  { model, voiceFile }: Subject,
  settings: ProfileSettings,
  { signal, onEvent, host: hostOptions }: ProfileOptions = {},
): Promise<ProfileDocument> {
  const startedAt = new Date();
  await using host = await ModelHost.start({ ...hostOptions, signal });
  const load = await host.load({ folder: model.folder, voiceFile }, { signal });
  onEvent?.({ kind: 'loaded', load });
  const { iterations, outcome, error } = await runLoop(host, settings, {
    signal,
    onSample: (sample) => onEvent?.({ kind: 'iteration', sample }),
  });
  if (outcome.status !== 'complete') {
    onEvent?.({ kind: 'ended-early', error });
  }
  const summary = summarizeRun(load, iterations);
  const { device, versions } = host.description;
  const { name, source, tensorBytes, bytesByDtype } = model;
  return {
    kind: 'profile',
    schemaVersion: profileSchemaVersion,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    model: { name, source, tensorBytes, bytesByDtype },
    device,
    versions,
    settings,
    load,
    iterations: [...iterations],
    ...(summary === undefined ? {} : { summary }),
    outcome,
  };
}
