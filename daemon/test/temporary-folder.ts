/** Folders that tests write to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `body` with the path of an empty folder, and removes the folder afterwards. */
export function withTemporaryFolder<Result>(body: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
