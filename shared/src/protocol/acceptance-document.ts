/** What `tidemark acceptance` found: what was run on this machine, what came of it, and what was not run and why. */

import * as v from 'valibot';
import { bytes, count, moment, seconds, text } from './quantities.ts';

/** Every check, in the order in which they run. */
export const acceptanceChecks = [
  'setup',
  'profile',
  'footprint',
  'study',
  'selftest',
  'daemon',
  'daemon-killed',
  'sleep',
  'service-install',
  'service-state',
  'service-killed',
  'service-uninstall',
  'notification',
  'power',
  'extension',
] as const;

export type AcceptanceCheckId = (typeof acceptanceChecks)[number];

const checkId = v.picklist(acceptanceChecks);

/** A command that a check ran. Without an exit code a signal ended it, or it was not there. */
const ranCommand = v.object({
  command: text,
  exitCode: v.exactOptional(count),
  signal: v.exactOptional(text),
  seconds: v.exactOptional(seconds),
  /** The end of what it printed; only where it is evidence of a failure. */
  output: v.exactOptional(text),
});

export type RanCommand = v.InferOutput<typeof ranCommand>;

const expectation = v.object({ expected: text, found: text, holds: v.boolean() });

export type Expectation = v.InferOutput<typeof expectation>;

const checkFields = {
  id: checkId,
  title: text,
  /** What passing shows. */
  shows: text,
  seconds,
  commands: v.array(ranCommand),
};
const expectations = v.pipe(v.array(expectation), v.minLength(1));

export const acceptanceCheck = v.variant('status', [
  v.object({
    ...checkFields,
    status: v.literal('passed'),
    expectations: v.pipe(
      expectations,
      v.everyItem(({ holds }) => holds, 'a check passes only where everything is as expected'),
    ),
    /** What passing does not show. */
    remark: v.exactOptional(text),
  }),
  v.object({
    ...checkFields,
    status: v.literal('failed'),
    expectations,
    /** What is wrong, in a sentence. */
    reason: text,
  }),
  v.object({
    ...checkFields,
    status: v.literal('skipped'),
    expectations: v.array(expectation),
    reason: text,
  }),
]);

export type AcceptanceCheck = v.InferOutput<typeof acceptanceCheck>;

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const acceptanceSchemaVersion = 1;

/** Shows no person and no place: the home folder and names of users are `~`, and the machine's name is left out. */
export const acceptanceDocument = v.pipe(
  v.object({
    kind: v.literal('acceptance'),
    schemaVersion: v.literal(acceptanceSchemaVersion),
    startedAt: moment,
    seconds,
    machine: v.object({
      /** Node's names, as in other documents. */
      platform: text,
      architecture: text,
      /** `macOS 15.5 (24F74)`, `Debian GNU/Linux 12 (bookworm)`. */
      system: text,
      /** Of the operating system's kernel. */
      kernel: text,
      chip: text,
      cores: count,
      memoryBytes: bytes,
      /** What MLX computed on: `Metal`, `CUDA`, `CPU`. Absent where nothing was measured. */
      backend: v.exactOptional(text),
    }),
    versions: v.object({
      tidemark: text,
      node: text,
      /** Absent where no model host could be started. */
      mlx: v.exactOptional(text),
    }),
    /** The first one is profiled, and all are studied. */
    models: v.pipe(v.array(text), v.minLength(1)),
    /** In the order of {@link acceptanceChecks}; fewer where some were asked for. */
    checks: v.pipe(v.array(acceptanceCheck), v.minLength(1)),
    outcome: v.picklist(['passed', 'failed']),
  }),
  v.check(
    ({ checks, outcome }) => (outcome === 'failed') === checks.some(({ status }) => status === 'failed'),
    'the outcome is that of the checks',
  ),
);

export type AcceptanceDocument = v.InferOutput<typeof acceptanceDocument>;

/** What `tidemark acceptance --list` prints. */
export const acceptanceListDocument = v.object({
  kind: v.literal('acceptance-list'),
  schemaVersion: v.literal(acceptanceSchemaVersion),
  checks: v.array(v.object({ id: checkId, title: text, shows: text })),
});

export type AcceptanceListDocument = v.InferOutput<typeof acceptanceListDocument>;
