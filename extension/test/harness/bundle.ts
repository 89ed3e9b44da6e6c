/** Loads the built CommonJS bundle of a command into this process, with the double and React in the place of Raycast's. */

import { createRequire, isBuiltin, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/** What Raycast provides, by the names that bundles ask for; everything else has to be within them. */
const provided: Readonly<Record<string, string>> = {
  react: pathToFileURL(require.resolve('react')).href,
  'react/jsx-runtime': pathToFileURL(require.resolve('react/jsx-runtime')).href,
  '@raycast/api': new URL('../raycast-api/index.ts', import.meta.url).href,
};

let hookedFolder: string | undefined;

function hook(folder: string): void {
  if (hookedFolder === folder) {
    return;
  }
  hookedFolder = folder;
  const bundles = pathToFileURL(join(folder, '/')).href;
  registerHooks({
    resolve(specifier, context, next) {
      const isFromBundle = context.parentURL?.startsWith(bundles) ?? false;
      if (!isFromBundle || isBuiltin(specifier)) {
        return next(specifier, context);
      }
      const url = provided[specifier];
      if (url === undefined) {
        throw new Error(`The bundle needs ${specifier}, which Raycast does not provide`);
      }
      return { url, shortCircuit: true };
    },
  });
}

export interface Bundle {
  readonly default: unknown;
}

/** A command's bundle, evaluated anew each time, as Raycast does at each launch. */
export function loadBundle(folder: string, name: string): Bundle {
  hook(folder);
  const path = join(folder, `${name}.js`);
  delete require.cache[path];
  return require(path) as Bundle;
}
