import { describe, expect, test } from 'vitest';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import {
  exampleAlert,
  exampleInterruptedRun,
  exampleMoment,
  exampleRun,
  exampleStatus,
} from '@tidemark/client/testing/example-messages';
import { exampleSample } from '@tidemark/client/testing/example-documents';
import { lastCheckText, memoryText, runsText } from './ai-answers.ts';
import { amount, levelLooks, memoryLevel } from './memory-words.ts';
import { initialView } from './follow-run.ts';
import { progressMessage, resultSentence, runTitle, samplesPhrase } from './run-words.ts';

const options = { unit: 'MB', now: new Date(exampleMoment(60)) } as const;

const figures = {
  activeBytes: 163_526_908,
  peakBytes: 666_000_000,
  maximumPeakBytes: 670_000_000,
  cacheBytes: 0,
  footprintBytes: 900_000_000,
  secondsPerIteration: 6,
};

test('a result in a line has active, peak and the verdict', () => {
  expect(resultSentence(exampleRun(1, { models: ['bf16'], figures, leak: 'no-leak' }), 'MB')).toBe(
    'bf16: active 163.5 MB, peak 666.0 MB. No Leak.',
  );
});

test('a result in a line says how a run ended that did not come to its end', () => {
  expect(resultSentence(exampleInterruptedRun(), 'MB')).toMatch(/Interrupted after/);
});

test('progress in a line has the last figures', () => {
  const view = { ...initialView, phrase: 'Iteration 1 of 15', samples: [exampleSample(0)] };
  expect(progressMessage(view, 'MB')).toMatch(/^Iteration 1 of 15 · active \d+ MB · peak \d+ MB$/);
});

test('an inconclusive check is not told as a clean one', () => {
  const status = exampleStatus({
    lastCheck: { runId: 7, at: exampleMoment(0), model: 'bf16', leak: 'inconclusive' },
  });
  const run = exampleRun(7, { leak: 'inconclusive', figures });
  expect(lastCheckText(status, run, [], options)).toMatch(/not that there is no leak/);
});

test('an open alert is told with its reason and what to do', () => {
  const alert = exampleAlert();
  const text = lastCheckText(exampleStatus(), undefined, [alert], options);
  expect(text).toContain(alert.reason);
  expect(text).toContain(alert.hint);
});

test('memory is told with its moment', () => {
  const { host } = exampleStatus();
  expect(memoryText(exampleStatus(), options)).toMatch(/As of .+ ago: active [\d.]+ MB/);
  const text = memoryText(exampleStatus({ host: { state: 'none', deaths: host.deaths } }), options);
  expect(text).toMatch(/^No model is loaded/);
});

test('runs are told newest first, of how many', () => {
  const text = runsText([exampleRun(8), exampleRun(7)], 40, options);
  expect(text).toMatch(/^The newest 2 of 40 runs:\n- Run 8,[^]*\n- Run 7,/);
});

test('a peak has a level from its threshold on', () => {
  const thresholds = { cautionBytes: 800, warningBytes: 1200 };
  expect([799, 800, 1199, 1200].map((peak) => memoryLevel(peak, thresholds))).toEqual([
    'normal',
    'elevated',
    'elevated',
    'high',
  ]);
});

test('without thresholds every peak is normal', () => {
  expect(memoryLevel(1e12, {})).toBe('normal');
});

test('levels differ in shape and word, not only in colour', () => {
  const looks = Object.values(levelLooks);
  expect(new Set(looks.map(({ icon }) => icon)).size).toBe(looks.length);
  expect(new Set(looks.map(({ word }) => word)).size).toBe(looks.length);
});

test('one unit is kept, whatever the size', () => {
  expect(amount(512, 'MB')).toBe('0.0 MB');
  expect(amount(163_577_856, 'MiB')).toBe('156.0 MiB');
});

describe('words for one', () => {
  const study = (models: string[]): RunRecord => exampleRun(3, { kind: 'study', models });

  test('are in the singular', () => {
    expect(runTitle(study(['bf16']))).toBe('Study of 1 model');
    expect(runTitle(study(['bf16', '4bit-fp32']))).toBe('Study of 2 models');
    const foreign = { ...study(['bf16', '4bit-fp32']), workload: { engine: 'mlx-audio' as const } };
    expect(runTitle(foreign)).toBe('Study of 2 models · mlx-audio');
    const both = { ...study(['bf16']), workload: { engines: ['tidemark', 'mlx-audio'] as const } };
    expect(runTitle({ ...both, workload: { engines: [...both.workload.engines] } })).toBe(
      'Study of 1 model · tidemark and mlx-audio',
    );
    expect(runTitle(exampleRun(8, { workload: { engine: 'tidemark' } }))).toBe('bf16');
    const one = { iterations: 1, warmupIterations: 0, samplesTaken: 0 };
    expect(samplesPhrase(exampleRun(1, one))).toBe('0 of 1 iteration');
    expect(samplesPhrase({ ...study(['bf16']), samplesTaken: 1 })).toBe('1 iteration');
  });

  test('a model keeps the case of its name', () => {
    for (const model of ['bf16', '4bit-fp32', 'mlx-community/Kokoro-82M-4bit']) {
      expect(resultSentence(exampleRun(1, { models: [model] }), 'MB')).toMatch(new RegExp(`^${model}:`));
    }
  });
});
