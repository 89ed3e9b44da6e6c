/** What is kept of a run beside its record: its samples, each on the disk before the next iteration begins, and its document. */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { runsOf } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Database } from './database.ts';
import type { SamplePhase, StoredSample } from './rebuild.ts';
import { bytesOf, defined, momentText, numberOf, optionalNumber, textOf } from './rows.ts';
import type { Row } from './rows.ts';
import { Refusal } from './unreadable.ts';

/** `place` is its place in the run, from 0. */
export function insertSample(
  database: Database,
  runId: number,
  place: number,
  { sample, phase, model, takenAt, headPlace }: StoredSample,
): void {
  database.insert('samples', {
    run_id: runId,
    place,
    head_place: headPlace,
    model,
    phase,
    taken_at: momentText(takenAt),
    iteration: sample.index,
    warmup: sample.warmup ? 1 : 0,
    text_index: sample.textIndex,
    tokens: sample.tokens,
    new_shapes: sample.newShapes,
    active_before_bytes: sample.activeBeforeBytes,
    active_bytes: sample.activeBytes,
    peak_bytes: sample.peakBytes,
    cache_before_bytes: sample.cacheBeforeBytes,
    cache_bytes: sample.cacheBytes,
    seconds: sample.seconds,
    audio_seconds: sample.audioSeconds,
    audio_samples: sample.samples,
    live_tensors: sample.liveTensors,
    undisposed_tensors: sample.undisposedTensors,
    footprint_bytes: sample.footprintBytes,
    device_bytes: sample.deviceBytes,
    heap_bytes: sample.heapBytes,
    tracked_objects: sample.trackedObjects,
    python_heap_bytes: sample.pythonHeapBytes,
    open_file_descriptors: sample.openFileDescriptors,
  });
}

/** All of a run, in the order in which they were taken. */
export const samplesOf = (database: Database, runId: number): StoredSample[] =>
  database.all('SELECT * FROM samples WHERE run_id = ? ORDER BY place', [runId]).map(storedSampleOf);

/** At most `limit` of them, the first, the last and the extremes of the peak kept. */
export function thinnedSamplesOf(database: Database, runId: number, limit: number): IterationSample[] {
  const peaks = database
    .all('SELECT peak_bytes FROM samples WHERE run_id = ? ORDER BY place', [runId])
    .map((row) => numberOf(row, 'peak_bytes'));
  if (peaks.length <= limit) {
    return samplesOf(database, runId).map(({ sample }) => sample);
  }
  return thinnedPlaces(peaks, limit).flatMap((place) => {
    const row = database.get('SELECT * FROM samples WHERE run_id = ? AND place = ?', [runId, place]);
    return row === undefined ? [] : [storedSampleOf(row).sample];
  });
}

/**
 * The places of at most `limit` values, in order: the first and the last, and between them the least and the greatest of
 * equal buckets, so that no peak is lost. With a limit of 1 it is the last one.
 */
export function thinnedPlaces(values: readonly number[], limit: number): number[] {
  const { length } = values;
  if (length <= limit) {
    return [...values.keys()];
  }
  if (limit <= 0) {
    return [];
  }
  if (limit === 1) {
    return [length - 1];
  }
  const inner = limit - 2;
  const places = [0];
  if (inner === 1) {
    places.push(extremesOf(values, 1, length - 1).greatest);
  } else {
    const buckets = Math.floor(inner / 2);
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const from = 1 + Math.floor((bucket * (length - 2)) / buckets);
      const to = 1 + Math.floor(((bucket + 1) * (length - 2)) / buckets);
      const { least, greatest } = extremesOf(values, from, to);
      places.push(...new Set([Math.min(least, greatest), Math.max(least, greatest)]));
    }
  }
  places.push(length - 1);
  return places;
}

/** The places of the first least and the first greatest value from `from` to before `to`. */
function extremesOf(
  values: readonly number[],
  from: number,
  to: number,
): { readonly least: number; readonly greatest: number } {
  let least = from;
  let greatest = from;
  for (let place = from + 1; place < to; place += 1) {
    const value = values[place] ?? Number.NaN;
    if (value < (values[least] ?? Number.NaN)) {
      least = place;
    }
    if (value > (values[greatest] ?? Number.NaN)) {
      greatest = place;
    }
  }
  return { least, greatest };
}

function storedSampleOf(row: Row): StoredSample {
  return {
    phase: textOf(row, 'phase') as SamplePhase,
    model: textOf(row, 'model'),
    takenAt: textOf(row, 'taken_at'),
    headPlace: optionalNumber(row, 'head_place'),
    sample: defined({
      index: numberOf(row, 'iteration'),
      warmup: numberOf(row, 'warmup') === 1,
      textIndex: optionalNumber(row, 'text_index'),
      tokens: optionalNumber(row, 'tokens'),
      newShapes: optionalNumber(row, 'new_shapes'),
      activeBeforeBytes: numberOf(row, 'active_before_bytes'),
      activeBytes: numberOf(row, 'active_bytes'),
      peakBytes: numberOf(row, 'peak_bytes'),
      cacheBeforeBytes: optionalNumber(row, 'cache_before_bytes'),
      cacheBytes: numberOf(row, 'cache_bytes'),
      seconds: numberOf(row, 'seconds'),
      audioSeconds: numberOf(row, 'audio_seconds'),
      samples: numberOf(row, 'audio_samples'),
      liveTensors: numberOf(row, 'live_tensors'),
      undisposedTensors: numberOf(row, 'undisposed_tensors'),
      footprintBytes: numberOf(row, 'footprint_bytes'),
      deviceBytes: optionalNumber(row, 'device_bytes'),
      heapBytes: numberOf(row, 'heap_bytes'),
      trackedObjects: optionalNumber(row, 'tracked_objects'),
      pythonHeapBytes: optionalNumber(row, 'python_heap_bytes'),
      openFileDescriptors: numberOf(row, 'open_file_descriptors'),
    }) as IterationSample,
  };
}

/** How many iterations a document has, of all its models. */
export const iterationsIn = (document: RunDocument): number =>
  document.kind === 'watch'
    ? document.iterations.length
    : runsOf(document).reduce(
        (sum, { iterations, confirmation = [] }) => sum + iterations.length + confirmation.length,
        0,
      );

/** Of all models of a study, one after the other. When each was taken, no document says. */
export const samplesIn = (document: RunDocument, takenAt: string): StoredSample[] =>
  runsOf(document).flatMap(({ model: { name: model }, iterations, confirmation = [] }) => [
    ...iterations.map((sample) => ({
      sample,
      model,
      phase: sample.warmup ? ('warm-up' as const) : ('measured' as const),
      takenAt,
    })),
    ...confirmation.map((sample) => ({ sample, model, phase: 'confirmation' as const, takenAt })),
  ]);

export function insertDocument(database: Database, runId: number, document: RunDocument): void {
  const json = Buffer.from(JSON.stringify(document));
  database.insert('run_documents', {
    run_id: runId,
    encoding: 'zstd',
    json_bytes: json.byteLength,
    content: zstdCompressSync(json, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  });
}

export function documentOf(database: Database, runId: number): RunDocument | undefined {
  const json = documentJson(database, runId);
  return json === undefined ? undefined : parsedDocument(json);
}

/** It was checked when it came in, and a file of megabytes takes long to check. */
function parsedDocument(json: string): RunDocument {
  try {
    return JSON.parse(json) as RunDocument;
  } catch {
    throw new Refusal('Its document is not JSON.');
  }
}

/** The document as it is kept: of what is not compressed, nothing but this says that it is whole. */

export function documentJson(database: Database, runId: number): string | undefined {
  const row = database.get('SELECT encoding, json_bytes, content FROM run_documents WHERE run_id = ?', [
    runId,
  ]);
  if (row === undefined) {
    return undefined;
  }
  const content = bytesOf(row, 'content');
  if (textOf(row, 'encoding') !== 'zstd') {
    const json = Buffer.from(content).toString('utf8');
    parsedDocument(json);
    return json;
  }
  try {
    // No more than it had: a few bytes can say that they are gigabytes.
    const maxOutputLength = Math.max(1, numberOf(row, 'json_bytes'));
    return zstdDecompressSync(content, { maxOutputLength }).toString('utf8');
  } catch {
    throw new Refusal('Its document is damaged.');
  }
}
