/** Profiles one model in a host of its own. */

import { summarizeRun } from '@tidemark/shared/analysis/run-summary.ts';
import { profileSchemaVersion } from '@tidemark/shared/protocol/profile-document.ts';
import type {
  LoadRecord,
  ProfileDocument,
  ProfileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { runCheckedLoop } from './leak-check.ts';
import type { LoopEvent } from './leak-check.ts';

export type ProfileEvent = { readonly kind: 'loaded'; readonly load: LoadRecord } | LoopEvent;

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
 * Starts a host, loads the model and the voice, runs the loop, judges its leaks, ends the host. Throws a TidemarkError
 * where it does not come to the loop; from then on every end is an outcome in the document.
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
  const { iterations, confirmation, leaks, outcome } = await runCheckedLoop(host, settings, {
    signal,
    onEvent,
  });
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
    ...(confirmation === undefined ? {} : { confirmation: [...confirmation] }),
    leaks: [...leaks],
    ...(summary === undefined ? {} : { summary }),
    outcome,
  };
}
