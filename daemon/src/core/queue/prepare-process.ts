/**
 * The child process that prepares a run: turns text into phonemes, finds, fetches or builds models, reads their headers.
 * All of that takes seconds of computing or tens of megabytes, and the daemon has to answer meanwhile and stay small.
 */

import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { resolveModel } from '../../models/resolve.ts';
import { voicePath } from '../../models/voice-path.ts';
import { xray } from '../../models/xray/xray.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type {
  Preparation,
  PreparationJob,
  PreparationMessage,
  PreparedModel,
} from './preparation-messages.ts';

// The daemon has gone, or no longer wants it. A checkpoint that is half built is left as a temporary folder, as by any end.
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches the whole process group; the daemon decides what becomes of this.
process.on('SIGINT', () => undefined);

const [, , job = ''] = process.argv;
let message: PreparationMessage;
try {
  message = { type: 'prepared', preparation: await prepare(JSON.parse(job) as PreparationJob) };
} catch (error) {
  message = { type: 'failed', error: toErrorRecord(error) };
}
process.send?.(message, undefined, undefined, () => process.exit());

async function prepare({
  dataFolder,
  models,
  voice,
  request,
  examine,
}: PreparationJob): Promise<Preparation> {
  const settings = request === undefined ? {} : { settings: await settleSettings(request) };
  const options = {
    dataFolder,
    onProgress: (progress: Extract<PreparationMessage, { type: 'progress' }>['progress']): void => {
      process.send?.({ type: 'progress', progress } satisfies PreparationMessage);
    },
  };
  const prepared: PreparedModel[] = [];
  for (const model of models) {
    try {
      const found = await resolveModel(model, options);
      const subject = { model: found, voiceFile: await voicePath(found, voice, options) };
      prepared.push({
        model,
        subject,
        ...(examine ? { xray: await xray(found.folder, { dataFolder }) } : {}),
      });
    } catch (error) {
      prepared.push({ model, error: toErrorRecord(error) });
    }
  }
  return { ...settings, models: prepared };
}
