import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, array } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { liveTensors } from '../mlx/tensor.ts';
import { defineStage, runStages } from './stages.ts';
import type { Stage } from './stages.ts';

type Name = 'start' | 'doubled' | 'raised' | 'sum';

const double: Stage<Name> = defineStage('double', ['start'], ({ start }) => ({ doubled: add(start, start) }));
const raise: Stage<Name> = defineStage('raise', ['doubled'], ({ doubled }) => ({ raised: add(doubled, 1) }));
const total: Stage<Name> = defineStage('total', ['start', 'raised'], ({ start, raised }) => ({
  sum: add(start, raised),
}));

for (const groups of [[[double, raise, total]], [[double], [raise], [total]], [[double, raise], [total]]]) {
  test(`stages in ${groups.length} graphs give the outputs and nothing else`, () => {
    const live = liveTensors();
    const start = scope(() => array([1, 2]));
    const evaluated: string[] = [];
    const { sum } = runStages(groups, {
      inputs: { start },
      outputs: ['sum'],
      onEvaluated: (group) => evaluated.push(group.map((stage) => stage.name).join('+')),
    });
    assert.deepEqual([...sum.toTypedArray()], [4, 7]);
    assert.deepEqual(
      evaluated,
      groups.map((group) => group.map((stage) => stage.name).join('+')),
    );
    assert.equal(liveTensors(), live + 2);
    sum.dispose();
    start.dispose();
  });
}

test('between graphs only what is still read stays alive', () => {
  const live = liveTensors();
  const start = scope(() => array([1]));
  const counts: number[] = [];
  const onEvaluated = (): void => void counts.push(liveTensors() - live);
  const { sum } = runStages([[double], [raise], [total]], {
    inputs: { start },
    outputs: ['sum'],
    onEvaluated,
  });
  // The input, and with it what was doubled, then what was raised, then the sum.
  assert.deepEqual(counts, [2, 2, 2]);
  sum.dispose();
  start.dispose();
});

test('a stage whose input nobody gave says so, and frees what was made before it', () => {
  const live = liveTensors();
  const start = scope(() => array([1]));
  assert.throws(
    () => runStages([[double], [total]], { inputs: { start }, outputs: ['sum'] }),
    /stage total: no earlier stage produced "raised"/,
  );
  assert.throws(
    () => runStages([[double]], { inputs: { start }, outputs: ['doubled', 'sum'] }),
    /no stage produced "sum"/,
  );
  start.dispose();
  assert.equal(liveTensors(), live);
});
