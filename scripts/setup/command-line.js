/** Set-up as a command: its arguments, its messages, its exit status, its signals. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { backendOf } from './backend.js';
import { Interrupted, SetupFailure } from './failures.js';
import { layoutOf } from './layout.js';
import { platformOf, thisMachine } from './platform.js';
import { setUp } from './set-up.js';
import { StepLines } from './step-lines.js';
import { addon, addonOfPackage } from './steps/addon.js';
import { voices, weights } from './steps/kokoro.js';
import { lexicon } from './steps/lexicon.js';
import { libmlx, openblas } from './steps/libraries.js';
import { nvidia } from './steps/nvidia.js';
import { dependencies, extension, linkClient, packClient } from './steps/npm.js';
import { tagger } from './steps/tagger.js';

const usage = `Fetches and builds what Tidemark needs, into node_modules and build; nothing is installed elsewhere.

Usage: npm run setup [-- --only-dependencies] [--with-extension]
       tidemark setup, of an installed package, for which --into FOLDER says where to

  --only-dependencies  stop after the npm dependencies, which the linter and the type checker need
  --with-extension     install those of the Raycast extension too, which its build and its tests need

MLX's CUDA backend is set up where there is an NVIDIA driver for CUDA 13, and its CPU backend elsewhere on Linux; to choose
yourself, set TIDEMARK_BACKEND to cuda or cpu. An installed package keeps to the choice.
`;

const known = ['--only-dependencies', '--with-extension', '--into'];

/** Exit statuses of programs that a signal ended: 128 and the signal's number. */
const signals = /** @type {const} */ ({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 });

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit status
 */
export async function setUpFromCommandLine(args) {
  if (args.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  const into = args.includes('--into') ? args[args.indexOf('--into') + 1] : undefined;
  const unknown = args.find((arg) => !known.includes(arg) && arg !== into);
  if (unknown !== undefined) {
    process.stderr.write(`Set-up does not know the argument ${unknown}.\n\n${usage}`);
    return 2;
  }

  const interruption = new AbortController();
  let interruptedStatus = 0;
  for (const [signal, status] of Object.entries(signals)) {
    process.on(signal, () => {
      interruptedStatus ||= status;
      interruption.abort();
    });
  }
  // Everything goes to standard error: the command that set-up prepares for owns standard output.
  const lines = new StepLines(process.stderr);
  try {
    const machine = thisMachine();
    const platform = platformOf(machine);
    const { signal } = interruption;
    const rest = { machine, platform, env: process.env, tools: {}, signal };
    if (into === undefined) {
      const backend = backendOf(platform, process.env);
      const layout = layoutOf();
      const steps = [
        dependencies,
        ...(args.includes('--only-dependencies') ? [] : stepsFor(layout, backend)),
        ...(args.includes('--with-extension') ? [packClient(layout.root), extension] : []),
        ...(args.includes('--with-extension') || isThere(layout, extension) ? [linkClient] : []),
      ];
      await setUp({ ...rest, layout, backend }, steps, lines);
    } else {
      const layout = layoutOf(into);
      const backend = backendOf(platform, { TIDEMARK_BACKEND: chosenBackend(layout), ...process.env });
      const steps = stepsAround(backend, addonOfPackage(layoutOf().root, platform, backend));
      await setUp({ ...rest, layout, backend }, steps, lines);
      writeFileSync(backendFile(layout), `${backend}\n`);
    }
    return 0;
  } catch (error) {
    if (error instanceof Interrupted) {
      lines.say('Set-up was interrupted. Run the same command again; it goes on where it stopped.');
      return interruptedStatus;
    }
    const failure = error instanceof SetupFailure ? error : asFailure(error);
    if (failure === undefined) {
      throw error;
    }
    lines.say(`\n${failure.message}\n${failure.remedy}`);
    return 1;
  }
}

/**
 * @param {import('./layout.js').Layout} layout
 * @param {import('./context.js').Step} step
 */
const isThere = ({ root }, { outputs }) => outputs.every((output) => existsSync(join(root, output)));

/**
 * What Tidemark needs besides the npm dependencies.
 *
 * @param {import('./layout.js').Layout} layout
 * @param {import('./backend.js').Backend} backend
 * @param {{isForHere?: boolean}} [options] whether the addon is to load here, rather than on the machine that it is packed for
 * @returns {import('./context.js').Step[]}
 */
export function stepsFor(layout, backend, { isForHere = true } = {}) {
  return stepsAround(backend, addon(layout, backend, { isForHere }));
}

/**
 * @param {import('./backend.js').Backend} backend
 * @param {import('./context.js').Step} addonStep
 * @returns {import('./context.js').Step[]}
 */
function stepsAround(backend, addonStep) {
  return [
    libmlx(backend),
    ...(backend === 'cuda' ? [nvidia] : []),
    ...(backend === 'metal' ? [] : [openblas]),
    addonStep,
    weights,
    voices,
    lexicon,
    tagger,
  ];
}

/**
 * An installed package keeps the backend that a person chose for it, also where a daemon without their variables sets it up anew.
 *
 * @param {import('./layout.js').Layout} layout
 */
const backendFile = (layout) => join(layout.build, 'backend');

/** @param {import('./layout.js').Layout} layout */
function chosenBackend(layout) {
  const file = backendFile(layout);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * A system error that a person can mend, as a failure.
 *
 * @param {unknown} error
 * @returns {SetupFailure | undefined}
 */
function asFailure(error) {
  const { code, path = 'the folder build' } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SetupFailure('The disk is full.', 'Free some disk space, then run the same command again.');
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new SetupFailure(
      `Set-up may not write to ${path}.`,
      'Give yourself write access to it (an earlier set-up may have run as another user), then run the same command again.',
    );
  }
  return undefined;
}
