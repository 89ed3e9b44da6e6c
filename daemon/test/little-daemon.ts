/**
 * Stands in for the daemon where a test is about what starts it: answers a greeting on the socket of its data folder with the
 * version LITTLE_VERSION, ends with 0 on SIGTERM. A file `fail` in the data folder makes it end with the code that it holds,
 * one `mute` makes it say nothing, and one `versions` holds the version that it says.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { dataFolder, socketPathOf } from '@tidemark/shared/client/locations.ts';

// First, so that whoever sees it begin can end it in good order.
process.on('SIGTERM', () => process.exit(0));

const folder = dataFolder();
const socketPath = socketPathOf(folder);
const said = (name: string): string | undefined =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim() : undefined;

const failure = said('fail');
writeFileSync(join(folder, 'began'), '', { flag: 'a' });
console.log(`began in ${process.cwd()} as ${process.argv.slice(2).join(' ')}`);
if (failure !== undefined) {
  console.error('cannot begin');
  process.exit(Number(failure));
}
mkdirSync(dirname(socketPath), { recursive: true });
rmSync(socketPath, { force: true });
const server = createServer((socket) =>
  socket.end(JSON.stringify({ pid: process.pid, version: said('version') ?? '0.1.0' })),
);
if (said('mute') === undefined) {
  server.listen(socketPath);
}
// A test that was interrupted leaves nothing that runs for long.
setTimeout(() => process.exit(0), 120_000);
