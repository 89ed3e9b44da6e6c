/** Builds the extension into a folder as `ray build` does, and holds what was said against what should have been. */

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const extensionFolder = fileURLToPath(new URL('..', import.meta.url));

/** An environment in which `node`, `tsc` and the like are those of this package. */
export const ownEnvironment = () => ({
  ...process.env,
  PATH: [join(extensionFolder, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
});

/**
 * @param {string} folder
 * @returns {Promise<void>}
 * @throws where the build failed, with all that it said
 */
export async function build(folder) {
  const ray = join(dirname(require.resolve('@raycast/api/package.json')), 'bin', 'run.js');
  const child = spawn(process.execPath, [ray, 'build', '-e', 'dist', '-o', folder, '--non-interactive'], {
    cwd: extensionFolder,
    env: ownEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (output += chunk));
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  // It has been seen to exit with 0 after a failure.
  if (code !== 0 || !output.includes('built extension successfully')) {
    throw new Error(`The extension was not built:\n${output}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build(join(extensionFolder, 'dist'));
    console.log('built extension successfully');
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
