/** Folders that tests write to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** Runs `body` with the path of an empty folder, and removes the folder afterwards. */
export function withTemporaryFolder<Result>(body: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An empty folder that is removed when the test has ended; without a test's context, when all tests of the file have. */
export function temporaryFolder(
  context: { readonly after: (remove: () => void) => void } = { after },
): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
