/** A trace in the formats of other viewers, held to what those publish of them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { exampleTrace } from '../../test/example-trace.ts';
import { exampleAttribution, exampleStudy, fullProfile } from '../../test/example-reports.ts';
import { aliveAtPeak } from '../analysis/trace/alive.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { flameGraph } from './flame-graph.ts';
import { traceEvents } from './trace-events.ts';

const traces = [
  exampleTrace({ operations: 22_000 }),
  exampleTrace({ order: 'depth-first', seed: 4, denseCopies: 12 }),
  exampleTrace({ operations: 1 }),
];
const document: RunDocument = { ...fullProfile(), attribution: { ...exampleAttribution(), traces } };

/** "Trace Event Format", in the kinds of events that are written. */
const place = v.pipe(v.number(), v.integer(), v.minValue(0));
const traceEvent = v.variant('ph', [
  v.strictObject({
    ph: v.literal('X'),
    name: v.string(),
    cat: v.picklist(['stage', 'layer', 'operation']),
    pid: place,
    tid: place,
    ts: place,
    dur: place,
    args: v.exactOptional(v.record(v.string(), v.union([v.string(), v.number()]))),
  }),
  v.strictObject({
    ph: v.literal('C'),
    name: v.string(),
    pid: place,
    tid: place,
    ts: place,
    args: v.record(v.string(), v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
  v.strictObject({
    ph: v.literal('M'),
    name: v.picklist(['process_name', 'process_sort_index', 'thread_name']),
    pid: place,
    tid: place,
    args: v.union([v.strictObject({ name: v.string() }), v.strictObject({ sort_index: place })]),
  }),
]);
const traceFile = v.strictObject({
  displayTimeUnit: v.picklist(['ms', 'ns']),
  traceEvents: v.array(traceEvent),
});

describe('Chrome trace events', () => {
  const { traceEvents: events } = v.parse(traceFile, JSON.parse(traceEvents(document)));
  const ofTrace = (pid: number) => events.filter((event) => event.pid === pid);

  test('each trace is a process with a name', () => {
    const names = events.flatMap((event) =>
      event.ph === 'M' && event.name === 'process_name' && 'name' in event.args ? [event.args.name] : [],
    );
    assert.deepEqual(names, ['bf16, MLX’s order', 'bf16, depth-first order', 'bf16, MLX’s order']);
  });

  traces.forEach(({ operations, names, peakBytes }, index) => {
    const complete = ofTrace(index + 1).flatMap((event) => (event.ph === 'X' ? [event] : []));
    const counters = ofTrace(index + 1).flatMap((event) => (event.ph === 'C' ? [event] : []));

    test(`trace ${index + 1} has each operation once, in order, one after the other`, () => {
      const written = complete.filter(({ cat }) => cat === 'operation');
      assert.deepEqual(
        written.map(({ name, dur }) => [name, dur]),
        operations.operation.map((name, at) => [names.operations[name], operations.microseconds[at]]),
      );
      let end = 0;
      for (const { ts, dur } of written) {
        assert.equal(ts, end);
        end = ts + dur;
      }
    });

    test(`trace ${index + 1} has each operation within its stage and the layers of its path`, () => {
      const open: typeof complete = [];
      for (const event of complete) {
        while (
          open.some(
            (outer) => event.ts >= outer.ts + outer.dur && event.ts + event.dur > outer.ts + outer.dur,
          )
        ) {
          open.pop();
        }
        if (event.cat === 'operation') {
          const path = open.map(({ name }) => name);
          assert.deepEqual(path.slice(1), String(event.args?.['layer']).split('.'));
          assert.equal(path[0], names.stages[operations.stage[Number(event.args?.['operation'])] ?? -1]);
        } else {
          assert.ok(
            open.every((outer) => event.ts >= outer.ts && event.ts + event.dur <= outer.ts + outer.dur),
          );
          open.push(event);
        }
      }
    });

    test(`trace ${index + 1} has counters that reach its peak, and end as it ends`, () => {
      const sums = counters
        .filter(({ name }) => name === 'memory in bytes')
        .map(({ args }) => Object.values(args).reduce((sum, each) => sum + each, 0));
      assert.equal(Math.max(...sums), peakBytes);
      const active = counters.findLast(({ name }) => name === 'active memory in bytes');
      assert.equal(active?.args['active'], operations.activeBytes.at(-1));
    });
  });
});

/** The schema at https://www.speedscope.app/file-format-schema.json, of sampled profiles. */
const speedscopeFile = v.strictObject({
  $schema: v.literal('https://www.speedscope.app/file-format-schema.json'),
  exporter: v.string(),
  name: v.string(),
  activeProfileIndex: v.number(),
  shared: v.strictObject({ frames: v.array(v.strictObject({ name: v.string() })) }),
  profiles: v.array(
    v.strictObject({
      type: v.literal('sampled'),
      name: v.string(),
      unit: v.picklist(['bytes', 'microseconds', 'milliseconds', 'nanoseconds', 'none', 'seconds']),
      startValue: v.number(),
      endValue: v.number(),
      samples: v.array(v.array(place)),
      weights: v.array(v.number()),
    }),
  ),
});

describe('a flame graph for speedscope', () => {
  const { profiles, shared } = v.parse(speedscopeFile, JSON.parse(flameGraph(document)));

  traces.forEach((trace, index) => {
    test(`trace ${index + 1}: its stacks add up to the peak, each of frames that there are`, () => {
      const profile = profiles[index];
      assert.ok(profile);
      assert.equal(profile.samples.length, profile.weights.length);
      assert.ok(profile.samples.flat().every((frame) => frame < shared.frames.length));
      const sum = profile.weights.reduce((total, each) => total + each, 0);
      assert.equal(sum, trace.peakBytes);
      assert.equal(profile.endValue, sum);
      assert.equal(sum, aliveAtPeak(trace).bytes);
    });
  });

  test('weights are stacked by the path of their layer, dense copies by what they were made of', () => {
    const outer = (index: number): Map<string, number> => {
      const sums = new Map<string, number>();
      profiles[index]?.samples.forEach(([frame = -1], at) => {
        const name = shared.frames[frame]?.name ?? '';
        sums.set(name, (sums.get(name) ?? 0) + (profiles[index]?.weights[at] ?? 0));
      });
      return sums;
    };
    assert.equal(outer(0).get('weights'), 163_526_820);
    assert.equal(outer(0).has('made from weights'), false);
    assert.equal(outer(1).get('made from weights'), 12 * 4_000_000);
    const paths = profiles[0]?.samples.map((sample) =>
      sample.map((frame) => shared.frames[frame]?.name).join('/'),
    );
    assert.ok(paths?.includes('weights/bert/resblocks/0/convs1/0/weight_0 [1 × 512 × 89] bfloat16'));
  });

  test('of a study without a trace, as of a profile, is refused', () => {
    for (const write of [flameGraph, traceEvents]) {
      assert.throws(() => write(exampleStudy()), /The study has no trace of its operations\./);
      assert.throws(() => write(fullProfile()), /The profile has no trace of its operations\./);
    }
  });
});
