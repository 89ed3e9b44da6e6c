/** Tells Git LFS pointers, the short texts that a clone without Git LFS has in the place of large files. */

import { closeSync, openSync, readSync } from 'node:fs';
import { TidemarkError } from '@tidemark/shared/errors.ts';

/** Enough of a file's beginning to tell whether it is a pointer. */
export const lfsPointerBytes = 64;

/** The first line of a pointer, by the specification (docs/spec.md of git-lfs) and by its name before version 1.0. */
export const isLfsPointer = (start: Uint8Array): boolean =>
  /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(
    Buffer.from(start.subarray(0, lfsPointerBytes)).toString('latin1'),
  );

/** Whether the file at `path` is a pointer; false of what cannot be read. */
export function isLfsPointerFile(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const start = Buffer.alloc(lfsPointerBytes);
    return isLfsPointer(start.subarray(0, readSync(file, start)));
  } catch {
    return false;
  } finally {
    if (file !== undefined) {
      closeSync(file);
    }
  }
}

/** What is wrong with a pointer; `description` is its path, or its name in a repository. */
export const lfsPointerProblem = (description: string, expected: 'a safetensors file' | 'JSON'): string =>
  `${description} is not ${expected} but a Git LFS pointer, which stands for the file.`;

export const lfsPointerHint =
  'Run `git lfs install` and `git lfs pull` in the cloned repository, or download the file from the page of the model.';

/** The error for a pointer in the place of weights, a voice, or JSON. */
export const lfsPointerError = (
  code: 'bad-checkpoint' | 'bad-config',
  description: string,
  expected: 'a safetensors file' | 'JSON' = 'a safetensors file',
): TidemarkError =>
  new TidemarkError(code, lfsPointerProblem(description, expected), { hint: lfsPointerHint });
