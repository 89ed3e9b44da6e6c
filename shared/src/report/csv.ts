/** The iterations of a profile, a study, or a watched program as CSV by RFC 4180: a header with units, then one row an iteration. */

import { armName, queueOf } from '../analysis/verdicts/verdict.ts';
import type { IterationSample, ProfileDocument } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { engineOf, studiesOf } from '../protocol/study-document.ts';
import type { Arm, EngineStudy } from '../protocol/study-document.ts';
import type { WatchDocument, WatchedSample } from '../protocol/watch-document.ts';

interface CsvColumn {
  readonly header: string;
  /** Undefined where a document of an older version does not say it. */
  readonly of: (sample: IterationSample) => number | undefined;
}

/** Times are seconds, memory is bytes, the rest are counts; the header says which. */
const columns: readonly CsvColumn[] = [
  { header: 'active_before_bytes', of: (sample) => sample.activeBeforeBytes },
  { header: 'active_bytes', of: (sample) => sample.activeBytes },
  { header: 'peak_bytes', of: (sample) => sample.peakBytes },
  { header: 'transient_bytes', of: (sample) => sample.peakBytes - sample.activeBeforeBytes },
  { header: 'cache_bytes', of: (sample) => sample.cacheBytes },
  { header: 'footprint_bytes', of: (sample) => sample.footprintBytes },
  { header: 'heap_bytes', of: (sample) => sample.heapBytes },
  { header: 'live_tensors_count', of: (sample) => sample.liveTensors },
  { header: 'undisposed_tensors_count', of: (sample) => sample.undisposedTensors },
  { header: 'open_file_descriptors_count', of: (sample) => sample.openFileDescriptors },
  { header: 'time_seconds', of: (sample) => sample.seconds },
  { header: 'audio_seconds', of: (sample) => sample.audioSeconds },
  { header: 'audio_samples_count', of: (sample) => sample.samples },
  { header: 'tokens_count', of: (sample) => sample.tokens },
  { header: 'new_shapes_count', of: (sample) => sample.newShapes },
  { header: 'cache_before_bytes', of: (sample) => sample.cacheBeforeBytes },
  { header: 'device_bytes', of: (sample) => sample.deviceBytes },
  { header: 'tracked_objects_count', of: (sample) => sample.trackedObjects },
  { header: 'python_heap_bytes', of: (sample) => sample.pythonHeapBytes },
];

type Phase = 'warm-up' | 'measured' | 'confirmation' | 'intervention';

/** Lines end in CRLF, the last one too, as the RFC has it. `index` is a sample's place in its run, from 0, and
 * `text_index` that of its text among several. A study's arms follow, each under its name; they say only what a verdict rests on. A study by
 * several engines has a last column, `engine`. */
export function iterationsCsv(document: RunDocument): string {
  if (document.kind === 'watch') {
    return linesOf(rowsOfProgram(document));
  }
  const header = ['model', 'phase', 'index', 'text_index', ...columns.map((column) => column.header)];
  if (document.kind === 'profile') {
    return linesOf([header, ...rowsOf(document)]);
  }
  const studies = studiesOf(document);
  const rowsOfStudy = ({ runs, answer }: EngineStudy): string[][] => [
    ...runs.flatMap(rowsOf),
    ...(answer?.evidence.arms ?? []).flatMap(rowsOfArm),
  ];
  return linesOf(
    studies.length === 1
      ? [header, ...studies.flatMap(rowsOfStudy)]
      : [
          [...header, 'engine'],
          ...studies.flatMap((study) => rowsOfStudy(study).map((row) => [...row, engineOf(study)])),
        ],
  );
}

const linesOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');

/** Of what a watched program has, under the same names where they are the same. */
const watchedColumns: readonly (readonly [
  header: string,
  of: (sample: WatchedSample) => number | undefined,
])[] = [
  ['active_before_bytes', (sample) => sample.activeBeforeBytes],
  ['active_bytes', (sample) => sample.activeBytes],
  ['peak_bytes', (sample) => sample.peakBytes],
  ['cache_bytes', (sample) => sample.cacheBytes],
  ['footprint_bytes', (sample) => sample.footprintBytes],
  ['live_arrays_count', (sample) => sample.liveArrays],
  ['tracked_objects_count', (sample) => sample.trackedObjects],
  ['open_file_descriptors_count', (sample) => sample.openFileDescriptors],
  ['time_seconds', (sample) => sample.seconds],
  ['evaluations_count', (sample) => sample.evaluations],
  ['peak_resets_count', (sample) => sample.peakResets],
];

const rowsOfProgram = ({ program, iterations }: WatchDocument): string[][] => [
  ['program', 'phase', 'index', ...watchedColumns.map(([header]) => header)],
  ...iterations.map((sample) => [
    program.name,
    sample.warmup ? 'warm-up' : 'measured',
    String(sample.index),
    ...watchedColumns.map(([, of]) => String(of(sample) ?? '')),
  ]),
];

function rowsOf({ model, iterations, confirmation = [] }: ProfileDocument): string[][] {
  const row = (sample: IterationSample, phase: Phase): string[] => [
    model.name,
    phase,
    String(sample.index),
    String(sample.textIndex ?? ''),
    ...columns.map(({ of }) => String(of(sample) ?? '')),
  ];
  return [
    ...iterations.map((sample) => row(sample, sample.warmup ? 'warm-up' : 'measured')),
    ...confirmation.map((sample) => row(sample, 'confirmation')),
  ];
}

/** The model as given has its rows already, but for the iterations that further processes added. */
function rowsOfArm(arm: Arm, place: number, arms: readonly Arm[]): string[][] {
  const isRun =
    arm.intervention === 'as-given' &&
    queueOf(arm) === 'default' &&
    arms.findIndex((each) => armName(each) === armName(arm)) === place;
  const phase: Phase = 'intervention';
  return isRun
    ? []
    : arm.peakBytes.map((peakBytes, index) => {
        const known: Readonly<Record<string, number | undefined>> = {
          active_bytes: arm.activeBytes[index],
          peak_bytes: peakBytes,
          time_seconds: arm.seconds?.[index],
          audio_samples_count: arm.samples[index],
        };
        const cells = columns.map(({ header }) => String(known[header] ?? ''));
        return [armName(arm), phase, String(index), '', ...cells];
      });
}

/** Quoted where it holds a comma, a quote or a line break; quotes within are doubled. */
const field = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
