/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

import { resolveEngine } from '../../host/python-environment.ts';
import type { EngineRequest } from '../../host/python-environment.ts';
import { resolveSubject } from '../../models/resolve.ts';
import { dataFolder } from '../../paths.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { Context } from '../command.ts';
import { showModelProgress } from '../progress.ts';

/** For all that finds, makes or fetches models: where they are kept, what stops it, and who sees how far it is. */
export const modelOptions = ({ signal, progress }: Pick<Context, 'signal' | 'progress'>) => ({
  dataFolder: dataFolder(),
  signal,
  onProgress: showModelProgress(progress),
});

/** The model that `spec` names, on this machine, with its voice and what runs it. */
export async function findSubject(
  spec: string,
  voice: string,
  context: Context,
  request: EngineRequest = {},
): Promise<Subject> {
  const { onProgress, ...options } = modelOptions(context);
  const engine = await resolveEngine(request, {
    ...options,
    onStep: (step) => onProgress({ kind: 'installing', ...step }),
  });
  return { ...(await resolveSubject(spec, voice, { ...options, onProgress })), engine };
}
