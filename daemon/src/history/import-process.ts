/** The child process of an import through the daemon, which answers others meanwhile: a line can take seconds to read. */

import { open } from 'node:fs/promises';
import { readPlain } from '@tidemark/shared/client/ownership.ts';
import { serveTask } from '../child-task.ts';
import { openHistory } from './history.ts';
import { importFrom } from './import-stream.ts';
import type { ImportTask } from './import-stream.ts';

await serveTask<ImportTask>(async ({ dataFolder, path, client }, report) => {
  const file = await open(path, readPlain);
  using history = openHistory(dataFolder, { access: 'shared' }).history;
  return await importFrom(history, file.createReadStream() as AsyncIterable<Buffer>, {
    onBatch: () => report({}),
    client,
  });
});
