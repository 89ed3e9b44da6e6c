/**
 * A daemon as a process of its own, for tests: what `tidemark daemon` runs, with what a test may change of it as JSON in the
 * first argument. It leaves on SIGTERM, and by force with the test.
 */

import * as v from 'valibot';
import { logFolder } from '@tidemark/shared/client/locations.ts';
import { runDaemon } from '../src/core/run-daemon.ts';
import { Interruption } from '../src/interruption.ts';
import { createLog } from '../src/logging/log.ts';

const options = v.parse(
  v.object({
    dataFolder: v.string(),
    /** The model host's script, in the place of the real one. */
    hostEntry: v.optional(v.string()),
    timing: v.optional(v.record(v.string(), v.number())),
    silenceSeconds: v.optional(v.number()),
  }),
  JSON.parse(process.argv[2] ?? ''),
);

// A test that dies leaves nobody behind: its end of the channel closes.
const orphaned = (): void => process.exit(1);
process.on('disconnect', orphaned);
/** The calendar can be set while the daemon runs. */
process.on('message', (milliseconds: number) => {
  const now = Date.now.bind(Date);
  Date.now = () => now() + milliseconds;
});

const controller = new AbortController();
process.on('SIGTERM', () => controller.abort(new Interruption('SIGTERM')));
const { log, file, close } = createLog({ folder: logFolder(options.dataFolder), level: 'debug' });
try {
  await runDaemon({
    dataFolder: options.dataFolder,
    signal: controller.signal,
    log,
    logFile: file,
    host: { start: { entry: options.hostEntry }, timing: options.timing },
    silenceSeconds: options.silenceSeconds,
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await close();
  process.off('disconnect', orphaned);
  process.disconnect?.();
}
