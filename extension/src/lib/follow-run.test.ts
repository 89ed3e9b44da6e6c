import { describe, expect, test } from 'vitest';
import { exampleProgress, exampleRun, exampleSteps } from '@tidemark/client/testing/example-messages';
import type { RunStep } from '@tidemark/client/protocol/daemon/run-progress';
import { exampleSample } from '@tidemark/client/testing/example-documents';
import { advance, initialView } from './follow-run.ts';

const iteration = (index: number, model = 'bf16'): RunStep => ({
  kind: 'iteration',
  phase: 'measured',
  place: index + 1,
  of: 15,
  model,
  sample: exampleSample(index),
});

describe('a run that is followed', () => {
  test('gathers its iterations in their order', () => {
    const view = [0, 1, 2].reduce(
      (before, index) => advance(before, exampleProgress({ step: iteration(index) })),
      initialView,
    );
    expect(view.samples.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(view.phrase).toBe('Iteration 3 of 15');
  });

  test('an iteration that is told again after a reconnection counts once', () => {
    const once = advance(initialView, exampleProgress({ step: iteration(0) }));
    expect(advance(once, exampleProgress({ step: iteration(0) })).samples.length).toBe(1);
  });

  test("a study's next model begins with an empty chart", () => {
    const first = advance(initialView, exampleProgress({ step: iteration(0, 'bf16') }));
    const second = advance(first, exampleProgress({ step: iteration(0, '4bit-bf16') }));
    expect(second).toMatchObject({ model: '4bit-bf16' });
    expect(second.samples.length).toBe(1);
  });

  test('it runs from its first step on, though its record is from when it was queued', () => {
    const queued = { ...initialView, record: exampleRun(3, { state: 'queued' }) };
    const waiting = advance(queued, exampleProgress({ step: { kind: 'queued', ahead: 2 } }));
    expect(waiting.record?.state).toBe('queued');
    expect(waiting.phrase).toBe('Queued, 2 ahead');
    expect(advance(waiting, exampleProgress({ step: { kind: 'attributing' } })).record?.state).toBe(
      'running',
    );
  });

  test('a trouble on the way is kept, and ends nothing', () => {
    const view = advance(
      initialView,
      exampleProgress({
        step: {
          kind: 'trouble',
          what: '4bit-fp32 ended early.',
          error: { code: 'host-died', message: 'The model host died.' },
        },
      }),
    );
    expect(view.troubles).toEqual(['4bit-fp32 ended early. The model host died.']);
  });

  test('every kind of step has a phrase', () => {
    const phrases = exampleSteps.map((step) => advance(initialView, exampleProgress({ step })).phrase);
    expect(phrases.every((phrase) => phrase !== '')).toBe(true);
  });
});
