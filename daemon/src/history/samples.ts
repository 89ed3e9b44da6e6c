/** The samples of runs, each on the disk before the next iteration begins. */

import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import type { Database } from './database.ts';
import type { SamplePhase, StoredSample } from './rebuild.ts';
import { numberOf, optionalNumber, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { thinnedPlaces } from './thinning.ts';

const columns = `model, phase, taken_at, iteration, warmup, active_before_bytes, active_bytes, peak_bytes, cache_bytes,
  seconds, audio_seconds, audio_samples, live_tensors, undisposed_tensors, footprint_bytes, heap_bytes,
  open_file_descriptors`;

const insert = `
  INSERT INTO samples (run_id, place, head_place, ${columns})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export interface SamplePlace {
  readonly runId: number;
  /** Its place in the run, from 0. */
  readonly place: number;
  /** The head that it belongs to; absent where none was noted. */
  readonly headPlace: number | undefined;
}

export function insertSample(
  database: Database,
  { runId, place, headPlace }: SamplePlace,
  { sample, phase, model, takenAt }: StoredSample,
): void {
  database.run(insert, [
    runId,
    place,
    headPlace ?? null,
    model,
    phase,
    takenAt,
    sample.index,
    sample.warmup ? 1 : 0,
    sample.activeBeforeBytes,
    sample.activeBytes,
    sample.peakBytes,
    sample.cacheBytes,
    sample.seconds,
    sample.audioSeconds,
    sample.samples,
    sample.liveTensors,
    sample.undisposedTensors,
    sample.footprintBytes,
    sample.heapBytes,
    sample.openFileDescriptors,
  ]);
}

/** All of a run, in the order in which they were taken. */
export function samplesOf(database: Database, runId: number): (StoredSample & { headPlace?: number })[] {
  return database
    .all(`SELECT head_place, ${columns} FROM samples WHERE run_id = ? ORDER BY place`, [runId])
    .map((row) => {
      const headPlace = optionalNumber(row, 'head_place');
      return { ...storedSampleOf(row), ...(headPlace === undefined ? {} : { headPlace }) };
    });
}

/** At most `limit` of them, the first, the last and the extremes of the peak kept. */
export function thinnedSamplesOf(database: Database, runId: number, limit: number): IterationSample[] {
  const peaks = database
    .all('SELECT peak_bytes FROM samples WHERE run_id = ? ORDER BY place', [runId])
    .map((row) => numberOf(row, 'peak_bytes'));
  if (peaks.length <= limit) {
    return samplesOf(database, runId).map(({ sample }) => sample);
  }
  return thinnedPlaces(peaks, limit).flatMap((place) => {
    const row = database.get(`SELECT ${columns} FROM samples WHERE run_id = ? AND place = ?`, [runId, place]);
    return row === undefined ? [] : [storedSampleOf(row).sample];
  });
}

function storedSampleOf(row: Row): StoredSample {
  return {
    phase: textOf(row, 'phase') as SamplePhase,
    model: textOf(row, 'model'),
    takenAt: textOf(row, 'taken_at'),
    sample: {
      index: numberOf(row, 'iteration'),
      warmup: numberOf(row, 'warmup') === 1,
      activeBeforeBytes: numberOf(row, 'active_before_bytes'),
      activeBytes: numberOf(row, 'active_bytes'),
      peakBytes: numberOf(row, 'peak_bytes'),
      cacheBytes: numberOf(row, 'cache_bytes'),
      seconds: numberOf(row, 'seconds'),
      audioSeconds: numberOf(row, 'audio_seconds'),
      samples: numberOf(row, 'audio_samples'),
      liveTensors: numberOf(row, 'live_tensors'),
      undisposedTensors: numberOf(row, 'undisposed_tensors'),
      footprintBytes: numberOf(row, 'footprint_bytes'),
      heapBytes: numberOf(row, 'heap_bytes'),
      openFileDescriptors: numberOf(row, 'open_file_descriptors'),
    },
  };
}
