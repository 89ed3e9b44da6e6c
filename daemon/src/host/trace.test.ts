/** A traced utterance of a tiny network: its peak and its audio are those without a trace, and its columns fit each other. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as v from 'valibot';
import { aliveAtPeak } from '@tidemark/shared/analysis/trace/alive.ts';
import { weightCopies } from '@tidemark/shared/analysis/trace/weight-copies.ts';
import { operationTrace } from '@tidemark/shared/protocol/trace-document.ts';
import type { OperationTrace } from '@tidemark/shared/protocol/trace-document.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { writeTinyKokoro } from '../../test/tiny-kokoro.ts';
import { Kokoro } from '../kokoro/kokoro.ts';
import type { Alterations } from '../kokoro/alterations.ts';
import { Voice } from '../kokoro/voice.ts';
import { memorySnapshot } from '../mlx/memory.ts';
import { seedRandom } from '../mlx/ops.ts';
import { liveTensors } from '../mlx/tensor.ts';
import { settle } from './measure.ts';
import { traceInOrders } from './trace.ts';

// What `--expose-gc` does for a host.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;

/**
 * The state of MLX's generator is made anew once the cache is empty: it is made when it is first asked for, and a cached
 * buffer that it takes may be larger than what it needs, which counts as active. Which ones are cached is a matter of moments.
 */
async function settledMemory(): Promise<{ active: number; tensors: number }> {
  await settle();
  seedRandom(0);
  return { active: memorySnapshot().activeBytes, tensors: liveTensors() };
}

async function traced(bits?: number, alterations: Alterations = {}): Promise<OperationTrace[]> {
  const folder = temporaryFolder();
  writeTinyKokoro(folder, bits === undefined ? { dtype: 'bfloat16' } : { dtype: 'bfloat16', bits });
  using model = Kokoro.load(folder, alterations);
  using voice = Voice.load(join(folder, 'voices', 'af_tiny.safetensors'));
  using style = voice.styleFor(4);
  const utterance = { tokens: model.tokenize('ab c'), style, seed: 3, deterministic: false, speed: 1 };
  const held = await settledMemory();
  const [queued, ...others] = await traceInOrders(model, utterance, 'all');
  const takes = [queued];
  while (takes.length < 5) {
    takes.push(...(await traceInOrders(model, utterance, 'mlx')));
  }
  assert.deepEqual(await settledMemory(), held);
  // What is queued is a matter of moments, so the take whose peak is the middle one beside the peak without a trace.
  const ratio = (trace?: OperationTrace): number =>
    trace === undefined ? 0 : trace.peakBytes / trace.plainPeakBytes;
  const [middle] = takes.toSorted((a, b) => ratio(a) - ratio(b)).slice(2);
  return [middle, ...others].filter((trace) => trace !== undefined);
}

/** What the buffers say is active while each operation runs. */
function activeByBuffers({ operations, buffers, unknownBytes }: OperationTrace): number[] {
  const { length } = operations.bytes;
  const changes = new Array<number>(length + 1).fill(0);
  buffers.bytes.forEach((bytes, index) => {
    const [madeBy = -1, freedAfter = -1] = [buffers.madeBy[index], buffers.freedAfter[index]];
    const [first, end] = [Math.max(0, madeBy), freedAfter < 0 ? length : freedAfter + 1];
    changes[first] = (changes[first] ?? 0) + bytes;
    changes[end] = (changes[end] ?? 0) - bytes;
  });
  let sum = unknownBytes;
  return changes.slice(0, length).map((change) => (sum += change));
}

for (const [name, bits] of [
  ['bfloat16', undefined],
  ['8-bit', 8],
] as const) {
  const traces = await traced(bits);
  describe(`a traced utterance of a ${name} network`, () => {
    const orders = traces.map(({ order, queued }) => `${order} ${queued === true ? 'queued' : 'waited for'}`);

    test('is traced in all orders, as the document has it', () => {
      assert.deepEqual(orders, ['mlx queued', 'mlx waited for', 'depth-first waited for']);
      traces.forEach((trace) => v.parse(operationTrace, trace));
    });

    traces.forEach((trace, index) => {
      const which = orders[index] ?? '';
      const { operations, buffers, names } = trace;
      const { length } = operations.bytes;

      test(`${which}: peak and audio are those without a trace`, () => {
        assert.equal(trace.sameAudio, true);
        const difference = Math.abs(trace.peakBytes / trace.plainPeakBytes - 1);
        // What MLX frees while it runs ahead is a matter of moments, and here all of it is a matter of kilobytes.
        assert.ok(difference < (trace.queued === true ? 0.05 : 1e-4), `${difference}`);
      });

      test(`${which}: what is alive at the peak adds up to it`, () => {
        const { peakBytes, knownBytes, unknownBytes } = aliveAtPeak(trace);
        assert.equal(peakBytes, trace.peakBytes);
        const tolerance = trace.queued === true ? 0.05 : 0.01;
        assert.ok(Math.abs(knownBytes / peakBytes - 1) < tolerance, `${knownBytes} of ${peakBytes}`);
        assert.ok(unknownBytes < 100, `${unknownBytes}`);
      });

      test(`${which}: each column refers to what there is, and buffers live from their making to their end`, () => {
        assert.ok(length > 3000, `${length} operations`);
        const below = (column: readonly number[], end: number): boolean =>
          column.every((each) => each >= -1 && each < end);
        assert.ok(below(operations.operation, names.operations.length));
        assert.ok(below(operations.layer, names.layers.length));
        assert.ok(below(operations.stage, names.stages.length));
        assert.ok(below(operations.shape, names.shapes.length));
        assert.ok(below(operations.dtype, names.dtypes.length));
        assert.ok(below(operations.buffer, buffers.bytes.length));
        assert.ok(below(buffers.tensor, names.tensors.length) && below(buffers.source, names.tensors.length));
        buffers.kind.forEach((kind, buffer) => {
          const [madeBy = 0, lastReadBy = 0, freedAfter = 0] = (
            ['madeBy', 'lastReadBy', 'freedAfter'] as const
          ).map((column) => buffers[column][buffer]);
          assert.ok(lastReadBy < 0 || lastReadBy > madeBy, `${kind} ${madeBy} ${lastReadBy}`);
          assert.ok(freedAfter < 0 || freedAfter >= Math.max(madeBy, lastReadBy), `${kind} ${freedAfter}`);
          assert.equal(kind === 'weight' || kind === 'input', madeBy < 0);
        });
        assert.ok(operations.buffer.every((buffer, operation) => (buffers.madeBy[buffer] ?? 0) <= operation));
      });

      test(`${which}: every weight is a buffer, and every operation has its layer and stage`, () => {
        const weights = buffers.tensor.filter((_, buffer) => buffers.kind[buffer] === 'weight');
        const keys = weights.map((tensor) => names.tensors[tensor] ?? '');
        assert.equal(new Set(keys).size, keys.length);
        assert.ok(keys.some((key) => key.endsWith('.scales')) === (bits !== undefined));
        const convolutions = operations.layer.filter((_, operation) =>
          /Conv/.test(names.operations[operations.operation[operation] ?? 0] ?? ''),
        );
        assert.ok(convolutions.length > 50);
        // A depthwise or transposed one too carries the path of the layer that asked for it.
        const paths = convolutions.map((layer) => names.layers[layer] ?? '');
        assert.ok(
          paths.every((path) => keys.some((key) => key.startsWith(path))),
          String(paths.find((path) => !keys.some((key) => key.startsWith(path)))),
        );
        assert.deepEqual(names.stages.slice(-2), ['generator', 'waveform']);
      });

      if (trace.queued === false) {
        test(`${which}: during every operation as much is active as its buffers have`, () => {
          const expected = activeByBuffers(trace);
          // What JavaScript gives the second graph is counted from the beginning.
          const first = ['bert', 'duration encoder', 'durations'];
          const second = operations.stage.findIndex((stage) => !first.includes(names.stages[stage] ?? ''));
          assert.ok(second > 500, `${second}`);
          const differences = operations.peakBytes
            .map((peak, operation) => peak - (expected[operation] ?? 0))
            .slice(second + 1);
          // MLX does not tell of all that it needs: a sum of bfloat16 numbers is taken in float32.
          assert.ok(Math.max(...differences) < 0.005 * trace.peakBytes, `${Math.max(...differences)} bytes`);
          assert.ok(Math.min(...differences) > -100, `${Math.min(...differences)} bytes`);
        });
      }
    });

    test('no dense copy of a packed weight is made, and a narrow one is widened', () => {
      const copies = weightCopies(traces[0] as OperationTrace);
      const dense = copies.filter(({ form }) => form === 'dense').map(({ source }) => source.tensor);
      // A tiny table is shorter than what is looked up in it.
      assert.deepEqual(
        dense.filter((key) => !key.includes('token_type_embeddings')),
        [],
      );
      assert.ok(copies.some(({ form, source }) => form === 'widened' && source.tensor.endsWith('weight_v')));
    });
  });
}

test('a network that expands its packed weights on purpose shows each dense copy by name', async () => {
  for (const trace of await traced(8, { quantizedProduct: 'expanded' })) {
    const dense = weightCopies(trace).filter(({ form }) => form === 'dense');
    const expanded = new Set(dense.map(({ source }) => source.tensor));
    const { names, buffers } = trace;
    const packed = buffers.tensor
      .filter((_, buffer) => buffers.kind[buffer] === 'weight' && (buffers.lastReadBy[buffer] ?? -1) >= 0)
      .filter((tensor) => names.dtypes[names.tensorDtypes?.[tensor] ?? -1] === 'uint32')
      .map((tensor) => names.tensors[tensor] ?? '');
    assert.ok(packed.length > 20, `${packed.length} packed weights`);
    // The rows of tables are looked up before they are expanded.
    assert.deepEqual(
      packed.filter((key) => !expanded.has(key)).filter((key) => !/embedding/.test(key)),
      [],
    );
    const copy = dense.find(({ dtype }) => dtype === 'bfloat16');
    assert.ok(copy?.madeBy);
    assert.ok(copy.source.tensor.startsWith(copy.madeBy.layer), `${copy.source.tensor} ${copy.madeBy.layer}`);
  }
});
