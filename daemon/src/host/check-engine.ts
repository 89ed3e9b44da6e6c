/** Whether an engine can be had, before a run asks for it. */

import { ModelHost } from './model-host.ts';
import { findPython, installedPython, mlxAudioEnvironment, resolveEngine } from './python-environment.ts';
import type { EngineRequest, EnvironmentOptions } from './python-environment.ts';

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
