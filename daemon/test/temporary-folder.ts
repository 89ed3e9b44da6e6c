/** Folders that tests write to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
// Not by a hook of the test that asked: what a `before` hook makes is for all tests of a file.
process.on('exit', () => folders.forEach(remove));

/** An empty folder that is removed when the test has ended; without a test's context, when this process ends. */
export function temporaryFolder(context?: { readonly after: (remove: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  if (context === undefined) {
    folders.push(folder);
  } else {
    context.after(() => remove(folder));
  }
  return folder;
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
