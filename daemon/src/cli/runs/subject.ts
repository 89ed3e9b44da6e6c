/** What a command works on: a model and its voice, on this machine, or as the daemon is asked for them. */

import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { keptSettings } from '../../history/history.ts';
import { prepareEngines } from '../../host/check-engine.ts';
import { ownPython, resolveEngine } from '../../host/python-environment.ts';
import type { EngineRequest, InstallStep } from '../../host/python-environment.ts';
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

/** As {@link modelOptions}, for what makes the environment of an engine. */
const engineOptions = (context: Context) => {
  const { onProgress, ...options } = modelOptions(context);
  return {
    ...options,
    onStep: (step: InstallStep) => onProgress({ kind: 'installing', ...step }),
  };
};

/** The model that `spec` names, on this machine, with its voice and what runs it. */
export async function findSubject(
  spec: string,
  voice: string,
  context: Context,
  request: EngineRequest = {},
): Promise<Subject> {
  const engine = await resolveEngine(request, engineOptions(context));
  return { ...(await resolveSubject(spec, voice, modelOptions(context))), engine };
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
  const own = withOwnPython(request);
  const engine = await resolveEngine(own, engineOptions(context));
  const asked = engine === undefined ? settings : { ...settings, ...pythonOf(own) };
  return { settings: await readByEngine(asked, engine, readingOptions(context)), request: own };
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
  const own = requests.map(withOwnPython);
  const prepared = await prepareEngines(own, engineOptions(context));
  const [engine] = prepared.length === 1 ? prepared : [];
  const read = await readByEngine(settings, engine, readingOptions(context));
  return own.map((request, place) => ({ settings: settingsFor(read, request), engine: prepared[place] }));
}

function withOwnPython(request: EngineRequest): EngineRequest {
  if (request.engine !== 'mlx-audio') {
    return request;
  }
  return {
    ...request,
    ...pythonOf({ python: ownPython(request.python, keptSettings(dataFolder()).python) }),
  };
}

const pythonOf = ({ python }: Pick<EngineRequest, 'python'>) => (python === undefined ? {} : { python });

const readingOptions = ({ signal, progress }: Context) => ({
  signal,
  onNote: (message: string) => progress.note(message),
});
