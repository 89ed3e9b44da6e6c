/** Sets Tidemark up: `npm run setup`, and the first thing that `npm start`, `npm test` and CI do. */

import process from 'node:process';

// Only this file is loaded by a Node that is too old, so it holds nothing that such a Node could not parse.
const oldest = 20;
if (Number(process.versions.node.split('.')[0]) < oldest) {
  console.error(
    `Tidemark's set-up needs Node ${oldest} or newer, and this is Node ${process.versions.node}.\n` +
      'Install a current Node (its long-term support release is fine), then run the same command again.\n' +
      'Everything after set-up runs on a Node of its own, which set-up fetches.',
  );
  process.exit(1);
}

const { setUpFromCommandLine } = await import('./command-line.js');
process.exitCode = await setUpFromCommandLine(process.argv.slice(2));
