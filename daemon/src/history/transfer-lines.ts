/** The lines of an exported history: what each is made of. Their version is that of the whole file. */

import * as v from 'valibot';
import { alert } from '@tidemark/shared/protocol/daemon/alert.ts';
import { runRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { device, versions } from '@tidemark/shared/protocol/environment.ts';
import { modelRecord } from '@tidemark/shared/protocol/model-record.ts';
import {
  iterationSample,
  loadRecord,
  profileDocument,
  profileSettings,
} from '@tidemark/shared/protocol/profile-document.ts';
import { count, moment, text } from '@tidemark/shared/protocol/quantities.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { samplePhases } from './rebuild.ts';

/** Raised when a line changes its meaning; a new kind of line or a new field does not raise it. */
export const exportFormatVersion = 1;

/** In one spelling, for it tells whether something is here already. */
const uid = v.pipe(v.string(), v.uuid(), v.toLowerCase());

export const headerLine = v.object({
  kind: v.literal('tidemark-history'),
  formatVersion: v.pipe(count, v.minValue(1)),
  exportedAt: moment,
  tidemark: text,
});

export const scheduleLine = v.object({
  kind: v.literal('schedule'),
  uid,
  createdAt: moment,
  settings: scheduleSettings,
});

const runHead = v.object({
  model: modelRecord,
  device,
  versions,
  settings: profileSettings,
  load: loadRecord,
  hostInstance: text,
});

export const runLine = v.object({
  kind: v.literal('run'),
  record: v.object({ ...runRecord.entries, uid }),
  /** Of the schedule whose check it is, where that is in the history. */
  scheduleUid: v.optional(uid),
  hostInstance: v.optional(text),
  request: v.optional(v.record(v.string(), v.unknown())),
  /** Where there is no document. */
  heads: v.array(v.object({ notedAt: moment, head: runHead })),
  samples: v.array(
    v.object({
      phase: v.picklist(samplePhases),
      model: text,
      takenAt: moment,
      headPlace: v.optional(count),
      sample: iterationSample,
    }),
  ),
  document: v.optional(v.union([profileDocument, studyDocument])),
});

export type RunLine = v.InferOutput<typeof runLine>;

export const alertLine = v.object({
  kind: v.literal('alert'),
  uid,
  scheduleUid: v.optional(uid),
  /** The runs that it rests on, as far as they are in the history. */
  runUids: v.array(uid),
  alert: v.omit(alert, ['id', 'scheduleId', 'runIds']),
});

export type AlertLine = v.InferOutput<typeof alertLine>;

export type ScheduleLine = v.InferOutput<typeof scheduleLine>;
