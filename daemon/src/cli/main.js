/**
 * The command line's entry: `tidemark COMMAND …`. In JavaScript, since it comes before what makes TypeScript cheap: Node keeps
 * what it made of each source file, so that the next start takes half the time, and some 40 MB of compiler are not loaded.
 * The daemon stays for months, so it does not load the other commands either. Where nothing can be kept, nothing is lost.
 */

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../../../build/compile-cache', import.meta.url)));
const { runProgram } = await import('./program.ts');
if (process.argv[2] === 'daemon') {
  const { addDaemonCommand } = await import('./commands/daemon.ts');
  await runProgram([{ title: 'Daemon and history:', commands: [addDaemonCommand] }]);
} else {
  const { allCommands } = await import('./commands/index.ts');
  await runProgram(allCommands);
}
