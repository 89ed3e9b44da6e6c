/** A bug report for MLX, with the scripts beside this file, and without the names of whoever is here. */

import { readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { mlxIssue } from '@tidemark/shared/report/mlx-issue.ts';

const script = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Names of the person and their machine. */
function privateWords(): string[] {
  // Not "local", which is a word.
  const host = hostname().replace(/\.local$/, '');
  return [basename(homedir()), ownName(), host];
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry, as in some containers.
    return '';
  }
}

/** Throws as {@link mlxIssue} does. */
export const issueForMlx = (document: RunDocument): string =>
  mlxIssue(
    document,
    { evaluationOrder: script('evaluation-order.py'), leak: script('leak.py') },
    privateWords(),
  );
