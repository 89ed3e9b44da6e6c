/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

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

/** The model that `spec` names, on this machine, with its voice. */
export const findSubject = (spec: string, voice: string, context: Context): Promise<Subject> =>
  resolveSubject(spec, voice, modelOptions(context));
