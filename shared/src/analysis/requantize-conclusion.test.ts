/** The sentence about a verified checkpoint says what the figures say, and no more. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../../test/example-documents.ts';
import type { MeasuredCheckpoint, Verification } from '../protocol/requantize-document.ts';
import { concludeVerification } from './requantize-conclusion.ts';
import { shiftBetween } from './shift.ts';

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

function conclude(before: Figures, after: Figures, likeness?: Verification['audio']['likeness']): string {
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
    conclude(
      before,
      { loaded: 145_400_000, peak: 634_000_000 },
      { correlation: 0.9985, distanceDecibels: 0.94 },
    ),
    'The result loads 145.4 MB instead of 282.7 MB (-48.6%), peaks 137.0 MB (17.8%) lower, takes about as long (2.00 s), ' +
      'sounds alike (log-mel correlation 0.9985, 0.9 dB apart), and speaks the text in the same length.',
  );
});

test('a peak within the wobble of a CPU is as high', () => {
  assert.match(conclude(before, { ...before, peak: 775_000_000 }), /the same 282\.7 MB, peaks as high, /);
});

test('a few bytes that no figure shows are no change', () => {
  assert.match(conclude(before, { ...before, loaded: 282_700_356 }), /^The result loads the same 282\.7 MB,/);
});

test('what got worse is said too', () => {
  const text = conclude(
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
    conclude(before, { ...before, frames: 168 }, { correlation: 0.97, distanceDecibels: 4 }),
    /sounds similar .* 5 frames shorter \(3,000 of 103,800 samples\)\.$/,
  );
});

test('speech that cannot be compared is not said to be alike', () => {
  assert.match(conclude(before, before), /makes a sound that cannot be compared/);
});
