/** Measures a checkpoint and what was made from it, alike: memory, time, and how their speech compares. */

import { joined } from '../audio/wav.ts';
import { concludeVerification } from '@tidemark/shared/analysis/conclusions.ts';
import { summarizeRun } from '@tidemark/shared/analysis/run-summary.ts';
import { shiftBetween } from '@tidemark/shared/analysis/statistics.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import type { MeasuredCheckpoint, Verification } from '@tidemark/shared/protocol/requantize-document.ts';
import { likeness } from '../audio/log-mel.ts';
import { ModelHost } from '../host/model-host.ts';
import type { HostDescription } from '../host/messages.ts';
import { runLoop } from './loop.ts';
import type { ProfileOptions, Subject } from './profile.ts';

/** Four on each side are the fewest that give an interval; a peak hardly moves between iterations. */
export const verifyIterations = 4;

export interface VerifyOptions extends Omit<ProfileOptions, 'onStep'> {
  readonly onStep?: ((which: 'original' | 'result', step: RunStep) => void) | undefined;
}

interface Measured {
  readonly figures: MeasuredCheckpoint;
  /** Of each utterance, with the first's durations. */
  readonly audio: readonly Float32Array[];
  readonly durations: readonly number[][];
  readonly sampleRate: number;
  readonly description: HostDescription;
}

/** Each in a host of its own, one after the other. Throws what ends either run early, and when it is aborted. */
export async function verifyRequantized(
  original: Subject,
  result: Subject,
  settings: ProfileSettings,
  { onStep, ...options }: VerifyOptions = {},
): Promise<Verification> {
  const before = await measureOne(original, settings, undefined, {
    ...options,
    onStep: (step) => onStep?.('original', step),
  });
  const after = await measureOne(result, settings, before.durations, {
    ...options,
    onStep: (step) => onStep?.('result', step),
  });
  const { device, versions } = after.description;
  const alike = likeness(joined(before.audio), joined(after.audio), after.sampleRate);
  const findings = {
    device,
    versions,
    settings,
    original: before.figures,
    result: after.figures,
    peakDifference: shiftBetween(after.figures.peakBytes, before.figures.peakBytes),
    audio: {
      frameDifference: after.figures.frames - before.figures.frames,
      sampleDifference: after.figures.samples - before.figures.samples,
      ...(alike === undefined ? {} : { likeness: alike }),
    },
  };
  return { ...findings, conclusion: concludeVerification(findings) };
}

async function measureOne(
  { model, voiceFile }: Subject,
  settings: ProfileSettings,
  replayed: readonly number[][] | undefined,
  { signal, onStep, host: hostOptions }: ProfileOptions,
): Promise<Measured> {
  const { phonemes, seed, deterministic, speed } = settings;
  await using host = await ModelHost.start({ ...hostOptions, signal });
  const load = await host.load({ folder: model.folder, voiceFile }, { signal });
  onStep?.({ kind: 'loaded', model: model.name, load });
  const { iterations, outcome, error } = await runLoop(host, settings, {
    model: model.name,
    signal,
    onStep,
  });
  const summary = summarizeRun(load, iterations);
  if (outcome.status !== 'complete' || summary === undefined) {
    throw error instanceof Error ? error : new Error('the run has no iterations');
  }
  const durations = await host.durations({ phonemes, speed }, { signal });
  const audio: Float32Array[] = [];
  let sampleRate = 0;
  for (const [place, utterance] of phonemes.entries()) {
    const part = await host.synthesize(
      { phonemes: utterance, seed, deterministic, speed, durations: (replayed ?? durations)[place] },
      { signal },
    );
    audio.push(part.audio);
    sampleRate = part.sampleRate;
  }
  const measured = iterations.filter(({ warmup }) => !warmup);
  return {
    figures: {
      load,
      summary,
      peakBytes: measured.map(({ peakBytes }) => peakBytes),
      frames: durations.flat().reduce((sum, frames) => sum + frames, 0),
      samples: measured[0]?.samples ?? 0,
    },
    audio,
    durations,
    sampleRate,
    description: host.description,
  };
}
