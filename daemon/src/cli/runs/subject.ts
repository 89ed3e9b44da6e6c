/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { keptSettings } from '../../history/history.ts';
import { prepareEngines } from '../../host/check-engine.ts';
import { ownPython, resolveEngine } from '../../host/python-environment.ts';
import type { EngineRequest } from '../../host/python-environment.ts';
import type { Engine } from '../../host/transport.ts';
import { resolveSubject } from '../../models/resolve.ts';
import { dataFolder } from '../../paths.ts';
import { settingsFor } from '../../profiler/engine-studies.ts';
import type { AskedEngine } from '../../profiler/engine-studies.ts';
import { readByEngine } from '../../profiler/engine-reading.ts';
import type { Subject } from '../../profiler/profile.ts';
import type { SpeechSettings } from '../../profiler/settings.ts';
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
  const engine = await engineFor(request, context);
  return { ...(await resolveSubject(spec, voice, modelOptions(context))), engine };
}

async function engineFor(request: EngineRequest, context: Context): Promise<Engine | undefined> {
  const { onProgress, ...options } = modelOptions(context);
  return await resolveEngine(request, {
    ...options,
    onStep: (step) => onProgress({ kind: 'installing', ...step }),
  });
}

/**
 * What a run in this process has that the daemon would see to: the person's own Python, where they have set one, and the text as
 * the engine reads it.
 */
export async function settleHere<Settings extends SpeechSettings & Pick<ProfileSettings, 'texts' | 'python'>>(
  settings: Settings,
  request: EngineRequest,
  context: Context,
): Promise<{ readonly settings: Settings; readonly request: EngineRequest }> {
  if (request.engine !== 'mlx-audio') {
    return { settings, request };
  }
  const python = ownPython(request.python, keptSettings(dataFolder()).python);
  const own = python === undefined ? {} : { python };
  const engine = await engineFor({ ...request, ...own }, context);
  const { signal, progress } = context;
  const onNote = (message: string): void => progress.note(message);
  const read = await readByEngine({ ...settings, ...own }, engine, { signal, onNote });
  return { settings: read, request: { ...request, ...own } };
}

/**
 * What runs each engine that a study asks, with its settings. Engines that cannot be had are said before any work. One engine reads the
 * text by itself; several say what Tidemark reads, so that they say the same.
 */
export async function settleEngines(
  settings: ProfileSettings,
  requests: readonly EngineRequest[],
  context: Context,
): Promise<AskedEngine[]> {
  const { onProgress, ...options } = modelOptions(context);
  const kept = requests.some(({ engine }) => engine === 'mlx-audio')
    ? keptSettings(options.dataFolder).python
    : '';
  const own = requests.map((request): EngineRequest => {
    const python = request.engine === 'mlx-audio' ? ownPython(request.python, kept) : undefined;
    return { ...request, ...(python === undefined ? {} : { python }) };
  });
  const prepared = await prepareEngines(own, {
    ...options,
    onStep: (step) => onProgress({ kind: 'installing', ...step }),
  });
  const [engine] = prepared.length === 1 ? prepared : [];
  const { signal, progress } = context;
  const onNote = (message: string): void => progress.note(message);
  const read = await readByEngine(settings, engine, { signal, onNote });
  return own.map((request, place) => ({ settings: settingsFor(read, request), engine: prepared[place] }));
}
