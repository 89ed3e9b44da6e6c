/**
 * The child process that prepares a run: turns text into phonemes, finds, downloads or builds models, and reads their headers.
 * All of that takes seconds of computing or tens of megabytes, and the daemon has to answer meanwhile and stay small.
 * Where it is killed, a checkpoint that is half built is left as a temporary folder, as by any end.
 */

import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { serveTask } from '../../child-task.ts';
import { prepareEngines } from '../../host/check-engine.ts';
import { resolveSubject } from '../../models/resolve.ts';
import { xray } from '../../models/xray/xray.ts';
import { readByEngine } from '../../profiler/engine-reading.ts';
import { settleSettings } from '../../profiler/settings.ts';
import type { PreparationTask, PreparedModel } from './prepare.ts';

await serveTask<PreparationTask>(async (job, onProgress) => {
  const { dataFolder, models, voice, request, engines: asked = [], examine } = job;
  const options = { dataFolder, onProgress };
  const engines = await prepareEngines(asked, {
    dataFolder,
    onStep: (step) => onProgress({ kind: 'installing', ...step }),
  });
  // Several engines say what Tidemark reads, so that they say the same.
  const [engine] = engines.length === 1 ? engines : [];
  const settled = request === undefined ? undefined : await settleSettings(request);
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
  return { settings, models: prepared, engines: engines.map((each) => ({ engine: each })) };
});
