/** Brings every step up to date, in order; what is up to date already costs milliseconds. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Interrupted, SetupFailure } from './failures.js';
import { takeLock } from './lock.js';
import { checkRequirements } from './requirements.js';
import { Stamps } from './stamps.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Step} Step */

/**
 * @param {Context} context
 * @param {readonly Step[]} steps
 * @param {import('./step-lines.js').StepLines} lines
 * @returns {Promise<boolean>} whether anything had to be done
 * @throws {SetupFailure | Interrupted}
 */
export async function setUp(context, steps, lines) {
  const { layout, signal } = context;
  const stamps = new Stamps(layout.stamps);
  if (outdated(context, steps, stamps).length === 0) {
    report(steps, lines);
    return false;
  }
  const release = await takeLock(layout.lock, {
    signal,
    onWait: (holder) => {
      lines.say(`Another set-up is at work here (process ${holder}); waiting for it to end.`);
    },
  });
  try {
    // The other set-up may have done it all.
    const pending = outdated(context, steps, stamps);
    if (pending.length === 0) {
      report(steps, lines);
      return false;
    }
    await rm(layout.partial, { recursive: true, force: true });
    await checkRequirements(context, [...new Set(pending.flatMap(({ needs }) => needs))], bytesFor(pending));
    for (const step of steps) {
      lines.start(step.label);
      // Asked again: the steps before may have changed what this one is made from.
      if (isCurrent(context, step, stamps)) {
        lines.end('up to date');
      } else {
        await finish(context, step, stamps, lines);
      }
    }
    return true;
  } finally {
    await rm(layout.partial, { recursive: true, force: true });
    await release();
  }
}

/**
 * @param {Context} context
 * @param {Step} step
 * @param {Stamps} stamps
 * @param {import('./step-lines.js').StepLines} lines
 */
async function finish(context, step, stamps, lines) {
  const key = step.key(context);
  await stamps.clear(step.name);
  try {
    await step.work({ ...context, report: (text) => lines.report(text) });
    const missing = missingOutput(context, step);
    if (missing !== undefined) {
      throw new SetupFailure(
        `The step "${step.label}" ended, but left no ${missing}.`,
        'Run the same command again. If it happens once more, remove the folders build and node_modules first.',
      );
    }
  } catch (error) {
    lines.end(error instanceof Interrupted ? 'interrupted' : 'failed');
    throw error;
  }
  await stamps.write(step.name, key);
  await rm(context.layout.downloads, { recursive: true, force: true });
  lines.end(step.done, { timed: true });
}

/**
 * @param {readonly Step[]} steps
 * @param {import('./step-lines.js').StepLines} lines
 */
function report(steps, lines) {
  for (const { label } of steps) {
    lines.start(label);
    lines.end('up to date');
  }
}

/**
 * @param {Context} context
 * @param {readonly Step[]} steps
 * @param {Stamps} stamps
 */
function outdated(context, steps, stamps) {
  return steps.filter((step) => !isCurrent(context, step, stamps));
}

/**
 * @param {Context} context
 * @param {Step} step
 * @param {Stamps} stamps
 */
function isCurrent(context, step, stamps) {
  return stamps.isCurrent(step.name, step.key(context)) && missingOutput(context, step) === undefined;
}

/**
 * @param {Context} context
 * @param {Step} step
 */
function missingOutput({ layout }, { outputs }) {
  return outputs.find((output) => !existsSync(join(layout.root, output)));
}

/** @param {readonly Step[]} steps */
function bytesFor(steps) {
  return steps.reduce((sum, { bytes }) => sum + bytes, 0);
}
