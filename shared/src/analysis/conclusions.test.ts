/** Sentences about runs, studies and requantizations say what the figures say, and no more. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../../test/example-documents.ts';
import type { ExampleOptions } from '../../test/example-documents.ts';
import type { IterationSample, ProfileDocument } from '../protocol/profile-document.ts';
import type { MeasuredCheckpoint, Verification } from '../protocol/requantize-document.ts';
import { activeSentence, concludeStudy, concludeVerification } from './conclusions.ts';
import { judgeRun } from './leak-verdicts.ts';
import { compareRuns } from './run-summary.ts';
import { shiftBetween } from './statistics.ts';

const repeated = (changes: Partial<IterationSample>, times = 5): Partial<IterationSample>[] =>
  Array.from({ length: times }, () => changes);

const float32Rest = { float32: 270_000_000, uint32: 10_000_000 };

function quantized(name: string, options: ExampleOptions = {}): ProfileDocument {
  return exampleProfile({ name, bytesByDtype: float32Rest, ...options });
}

function conclude(...runs: readonly ProfileDocument[]): string {
  const comparison = compareRuns(runs);
  return concludeStudy({ runs: [...runs], failures: [], skipped: [], ...(comparison && { comparison }) });
}

const sentenceFor = (...series: readonly number[]): string => {
  const { summary } = exampleProfile({ measured: series.map((activeBytes) => ({ activeBytes })) });
  assert.ok(summary);
  return activeSentence(summary);
};

test('a constant series is said to be constant to the byte, with its length', () => {
  assert.equal(
    sentenceFor(164_049_068, 164_049_068, 164_049_068),
    'Active memory is constant to the byte over 3 iterations: 164,049,068 B.',
  );
});

test('growth is said in bytes', () => {
  assert.equal(
    sentenceFor(1000, 1004, 1008),
    'Active memory grew by 8 B over 3 iterations, from 1,000 B to 1,008 B.',
  );
});

test('one iteration is not said to show whether memory grows', () => {
  assert.match(sentenceFor(1000), /more iterations are needed to tell whether it grows/);
});

test('models above and below the baseline are told with their differences', () => {
  const said = conclude(
    exampleProfile(),
    quantized('4bit-fp32', { measured: repeated({ peakBytes: 690_000_000 }) }),
    quantized('4bit-bf16', { measured: repeated({ peakBytes: 570_000_000 }) }),
  );
  assert.match(said, /^bf16 peaks at 600\.0 MB\. Above it: 4bit-fp32 by 90\.0 MB \(\+15\.0%\)\./);
  assert.match(said, /Below it: 4bit-bf16 by 30\.0 MB \(-5\.0%\)\./);
  assert.match(said, /Active memory is constant to the byte in every model over 5 iterations\./);
});

test('where no model peaks above the baseline, it says so', () => {
  const said = conclude(
    exampleProfile(),
    quantized('4bit-bf16', { measured: repeated({ peakBytes: 570_000_000 }) }),
  );
  assert.match(said, /no model peaks clearly above it/);
});

test('peaks that overlap are not called different', () => {
  const wobbling = [610e6, 590e6, 620e6, 615e6, 605e6].map((peakBytes) => ({ peakBytes }));
  const said = conclude(exampleProfile(), quantized('8bit-fp32', { measured: wobbling }));
  assert.match(said, /Not distinguishable from it/);
  assert.doesNotMatch(said, /Above it/);
});

test('three iterations are too few to call peaks different, four are not', () => {
  const run = (iterations: number) =>
    conclude(
      exampleProfile({ measured: repeated({}, iterations) }),
      quantized('8bit-fp32', { measured: repeated({ peakBytes: 700_000_000 }, iterations) }),
    );
  assert.match(run(3), /Not distinguishable/);
  assert.match(run(4), /Above it: 8bit-fp32/);
});

test('the baseline is told by its weights and not by its name', () => {
  const impostor = quantized('bf16', { measured: repeated({ peakBytes: 700_000_000 }) });
  const repository = exampleProfile({ name: 'owner/Kokoro-bf16' });
  assert.equal(compareRuns([impostor, repository])?.baseline, 'owner/Kokoro-bf16');
  assert.match(conclude(impostor), /No model with bfloat16 weights was measured/);
});

test('unequal audio is called unequal work', () => {
  const shorter = quantized('4bit-fp32', { measured: repeated({ samples: 93_000 }) });
  assert.match(conclude(exampleProfile(), shorter), /4bit-fp32 \(3,000 samples fewer\).*unequal work/);
});

test('growth in any model is told by model', () => {
  const growing = [0, 4, 8, 12, 16].map((extra) => ({ activeBytes: 280_000_000 + extra }));
  assert.match(
    conclude(exampleProfile(), quantized('4bit-fp32', { measured: growing })),
    /did not stay constant in 4bit-fp32 \(\+16 B over 5 iterations\)/,
  );
});

test('what failed, what was stopped and what was not started is told', () => {
  const said = concludeStudy({
    runs: [
      exampleProfile({
        measured: [{}, {}],
        outcome: { status: 'interrupted', reason: 'x', signal: 'SIGKILL' },
      }),
    ],
    failures: [{ model: 'x/y', error: { code: 'network', message: 'Not reached.' } }],
    skipped: ['fp32'],
  });
  assert.match(said, /bf16 was interrupted after 2 of 2 iterations/);
  assert.match(said, /x\/y could not be measured\./);
  assert.match(said, /fp32 was not started\./);
});

test('what the leak rule says of the models is part of the conclusion', () => {
  const run = exampleProfile({ measured: repeated({}, 15) });
  const leaks = judgeRun({ iterations: run.iterations, iterationsAsked: 15 });
  assert.match(
    conclude({ ...run, leaks }),
    /No leak in bf16; one of 1 B in active memory and 32\.8 kB in footprint per iteration would have been detected\./,
  );
});

interface Figures {
  readonly loaded: number;
  readonly peak: number;
  readonly seconds?: number;
  readonly frames?: number;
}

function measured({ loaded, peak, seconds = 2, frames = 173 }: Figures): MeasuredCheckpoint {
  const samples = 600 * frames;
  const run = exampleProfile({
    load: { activeBytes: loaded },
    measured: Array.from({ length: 4 }, (_, index) => ({ peakBytes: peak + 1000 * index, seconds, samples })),
  });
  assert.ok(run.summary);
  const peakBytes = run.iterations.slice(1).map((sample) => sample.peakBytes);
  return { load: run.load, summary: run.summary, peakBytes, frames, samples };
}

function concludeRequantized(
  before: Figures,
  after: Figures,
  likeness?: Verification['audio']['likeness'],
): string {
  const [original, result] = [measured(before), measured(after)];
  const { device, versions, settings } = exampleProfile();
  return concludeVerification({
    device,
    versions,
    settings,
    original,
    result,
    peakDifference: shiftBetween(result.peakBytes, original.peakBytes),
    audio: {
      frameDifference: result.frames - original.frames,
      sampleDifference: result.samples - original.samples,
      ...(likeness === undefined ? {} : { likeness }),
    },
  });
}

const before = { loaded: 282_700_000, peak: 771_000_000 };

test('what fell is said with its share, what stayed is said to stay', () => {
  assert.equal(
    concludeRequantized(
      before,
      { loaded: 145_400_000, peak: 634_000_000 },
      { correlation: 0.9985, distanceDecibels: 0.94 },
    ),
    'The result loads 145.4 MB instead of 282.7 MB (-48.6%), peaks 137.0 MB (17.8%) lower, takes about as long (2.00 s), ' +
      'sounds alike (log-mel correlation 0.9985, 0.9 dB apart), and speaks the text at the same length.',
  );
});

test('a peak within the wobble of a CPU is as high', () => {
  assert.match(
    concludeRequantized(before, { ...before, peak: 775_000_000 }),
    /the same 282\.7 MB, has the same peak, /,
  );
});

test('a few bytes that no figure shows are no change', () => {
  assert.match(
    concludeRequantized(before, { ...before, loaded: 282_700_356 }),
    /^The result loads the same 282\.7 MB,/,
  );
});

test('what got worse is said too', () => {
  const text = concludeRequantized(
    before,
    { loaded: 300_000_000, peak: 900_000_000, seconds: 4, frames: 174 },
    { correlation: 0.85, distanceDecibels: 10 },
  );
  assert.match(
    text,
    /\(\+6\.1%\), peaks 129\.0 MB \(16\.7%\) higher, takes 4\.00 s instead of 2\.00 s, sounds different/,
  );
  assert.match(text, /1 frame longer \(600 of 103,800 samples\)\.$/);
  assert.match(
    concludeRequantized(before, { ...before, frames: 168 }, { correlation: 0.97, distanceDecibels: 4 }),
    /sounds similar .* 5 frames shorter \(3,000 of 103,800 samples\)\.$/,
  );
});

test('speech that cannot be compared is not said to be alike', () => {
  assert.match(concludeRequantized(before, before), /produces audio that cannot be compared/);
});
