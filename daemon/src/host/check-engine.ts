/** Whether engines can be had, before a run asks for them. */

import { ModelHost } from './model-host.ts';
import { findPython, installedPython, mlxAudioEnvironment, resolveEngine } from './python-environment.ts';
import type { EngineRequest, EnvironmentOptions } from './python-environment.ts';
import type { Engine } from './transport.ts';

/**
 * Starts mlx-audio in a Python that is named, as a run would. Of the environment that Tidemark makes, looks only whether it is there
 * or there is a Python to make it with. Throws as a run does: a TidemarkError, 'python' or 'interrupted'.
 */
export async function checkEngine(
  { engine, python }: EngineRequest,
  { dataFolder, signal }: Pick<EnvironmentOptions, 'signal'> & { readonly dataFolder: string },
): Promise<void> {
  if (engine !== 'mlx-audio') {
    return;
  }
  if (python === undefined) {
    const installed = await installedPython(mlxAudioEnvironment(dataFolder));
    if (installed === undefined) {
      await findPython(process.env, signal);
    }
    return;
  }
  const named = await resolveEngine({ engine, python }, { dataFolder, signal });
  await using _ = await ModelHost.start({ engine: named, signal });
}

/**
 * What runs each engine that a run asks for, in order; undefined for Tidemark's own host. Where there are several, all are checked
 * before an environment is made, and what was made is started once, so that no engine works in vain because another cannot be had.
 * Throws as {@link checkEngine} and {@link resolveEngine} do.
 */
export async function prepareEngines(
  requests: readonly EngineRequest[],
  options: EnvironmentOptions & { readonly dataFolder: string },
): Promise<(Engine | undefined)[]> {
  const areSeveral = requests.length > 1;
  for (const request of areSeveral ? requests : []) {
    await checkEngine(request, options);
  }
  const engines: (Engine | undefined)[] = [];
  for (const request of requests) {
    const engine = await resolveEngine(request, options);
    if (areSeveral && engine?.isOwn === true) {
      await using _ = await ModelHost.start({ engine, signal: options.signal });
    }
    engines.push(engine);
  }
  return engines;
}
