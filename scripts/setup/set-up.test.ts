/** The order of steps, what is trusted after a failure or an interruption, and what is said. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { Interrupted, SetupFailure } from './failures.js';
import { setUp } from './set-up.js';
import { StepLines } from './step-lines.js';
import { temporaryContext, type SetupContext } from './test-context.ts';

type Step = Parameters<typeof setUp>[1][number];

/** A step that makes the file `build/NAME`, and counts how often. */
class FakeStep implements Step {
  readonly name: string;
  readonly label: string;
  readonly done = 'made';
  readonly bytes = 0;
  readonly needs = [];
  readonly outputs: string[];
  runs = 0;
  input = 'first';
  trouble: Error | undefined;

  constructor(name: string) {
    this.name = name;
    this.label = `step ${name}`;
    this.outputs = [join('build', name)];
  }

  readonly key = () => this.input;

  readonly work = ({ layout }: SetupContext) => {
    this.runs += 1;
    const output = join(layout.root, 'build', this.name);
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, '');
    return this.trouble === undefined ? Promise.resolve() : Promise.reject(this.trouble);
  };
}

function scenario(t: TestContext) {
  const context = temporaryContext(t);
  const steps = [new FakeStep('one'), new FakeStep('two'), new FakeStep('three')] as const;
  let printed = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString();
      done();
    },
  });
  return {
    context,
    steps,
    setUp: () => setUp(context, steps, new StepLines(stream, () => 0)),
    runs: () => steps.map(({ runs }) => runs),
    printed: () => {
      const text = printed;
      printed = '';
      return text.replaceAll(/ \.+ /g, ': ');
    },
  };
}

test('each step is one line, and is done once', async (t) => {
  const { setUp, runs, printed } = scenario(t);
  assert.equal(await setUp(), true);
  assert.equal(printed(), '  step one: made (0.0 s)\n  step two: made (0.0 s)\n  step three: made (0.0 s)\n');
  assert.equal(await setUp(), false);
  assert.equal(printed(), '  step one: up to date\n  step two: up to date\n  step three: up to date\n');
  assert.deepEqual(runs(), [1, 1, 1]);
});

test('a step runs again when what it is made from has changed, or when what it made is gone', async (t) => {
  const { setUp, context, steps, runs } = scenario(t);
  await setUp();
  steps[1].input = 'second';
  await setUp();
  assert.deepEqual(runs(), [1, 2, 1]);
  rmSync(join(context.layout.root, 'build', 'three'));
  await setUp();
  assert.deepEqual(runs(), [1, 2, 2]);
});

test('what a failed step left is not trusted, and the finished steps are not repeated', async (t) => {
  const { setUp, steps, runs, printed } = scenario(t);
  steps[1].trouble = new SetupFailure('No.', 'Try again.');
  await assert.rejects(setUp(), { message: 'No.' });
  assert.equal(printed(), '  step one: made (0.0 s)\n  step two: failed\n');
  steps[1].trouble = undefined;
  await setUp();
  assert.deepEqual(runs(), [1, 2, 1]);
});

test('a step that is run again and fails is not trusted for what it made before', async (t) => {
  const { setUp, steps, runs } = scenario(t);
  await setUp();
  steps[0].input = 'second';
  steps[0].trouble = new SetupFailure('No.', 'Try again.');
  await assert.rejects(setUp());
  steps[0].input = 'first';
  steps[0].trouble = undefined;
  await setUp();
  assert.deepEqual(runs(), [3, 1, 1]);
});

test('an interruption is said on the line, and the lock is given back', async (t) => {
  const { setUp, context, steps, printed } = scenario(t);
  steps[2].trouble = new Interrupted();
  await assert.rejects(setUp(), Interrupted);
  assert.match(printed(), /step three: interrupted\n$/);
  assert.equal(existsSync(context.layout.lock), false);
});

test('a step that ends without its output is a failure that names the file', async (t) => {
  const { setUp, steps } = scenario(t);
  steps[0].outputs.push('build/never');
  await assert.rejects(setUp(), { message: 'The step "step one" ended, but left no build/never.' });
});
