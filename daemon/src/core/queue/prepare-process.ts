/**
 * The child process that prepares a run: turns text into phonemes, finds, downloads or builds models, and reads their headers.
 * All of that takes seconds of computing or tens of megabytes, and the daemon has to answer meanwhile and stay small.
 * Where it is killed, a checkpoint that is half built is left as a temporary folder, as by any end.
 */

import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { serveTask } from '../../child-task.ts';
import { resolveEngine } from '../../host/python-environment.ts';
import { resolveSubject } from '../../models/resolve.ts';
import { xray } from '../../models/xray/xray.ts';
import { readByEngine } from '../../profiler/engine-reading.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type { PreparationTask, PreparedModel } from './prepare.ts';

await serveTask<PreparationTask>(async ({ dataFolder, models, voice, request, examine }, onProgress) => {
  const settled = request === undefined ? undefined : await settleSettings(request);
  const options = { dataFolder, onProgress };
  const engine = await resolveEngine(settled ?? {}, {
    dataFolder,
    onStep: (step) => onProgress({ kind: 'installing', ...step }),
  });
  const onNote = (message: string): void => onProgress({ kind: 'note', message });
  const settings = settled === undefined ? undefined : await readByEngine(settled, engine, { onNote });
  const prepared: PreparedModel[] = [];
  for (const model of models) {
    try {
      const subject = { ...(await resolveSubject(model, voice, options)), engine };
      const examined = examine ? await xray(subject.model.folder, options) : undefined;
      prepared.push({ model, subject, xray: examined });
    } catch (error) {
      prepared.push({ model, error: toErrorRecord(error) });
    }
  }
  return { settings, models: prepared };
});
