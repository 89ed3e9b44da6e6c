/** What `tidemark acceptance` prints: one line for each check, and what is wrong. */

import { counted, formatDuration } from '@tidemark/shared/format/numbers.ts';
import type {
  AcceptanceCheck,
  AcceptanceDocument,
  AcceptanceListDocument,
} from '@tidemark/shared/protocol/acceptance-document.ts';
import { column, styled, tableOf } from './layout.ts';

const marks = { passed: ['green', '✓'], failed: ['red', '✗'], skipped: ['yellow', '–'] } as const;

/** `✗ Daemon: failed. Expected: …`. */
export function resultLine(check: AcceptanceCheck): string {
  const [color, mark] = marks[check.status];
  const why = check.status === 'passed' ? '' : ` ${check.reason}`;
  return `${styled(color, mark)} ${check.title}: ${check.status}${why === '' ? '' : `.${why}`}`;
}

export function acceptanceReport({ checks, seconds, machine, versions }: AcceptanceDocument): string {
  const count = (status: AcceptanceCheck['status']): number =>
    checks.filter((check) => check.status === status).length;
  return [
    `${machine.system} on ${machine.chip}${machine.backend === undefined ? '' : `, MLX on ${machine.backend}`}; ` +
      `Tidemark ${versions.tidemark}, Node ${versions.node}${versions.mlx === undefined ? '' : `, MLX ${versions.mlx}`}`,
    '',
    ...checks.map(resultLine),
    '',
    `${counted(checks.length, 'check')} in ${formatDuration(seconds)}: ${count('passed')} passed, ${count('failed')} failed, ` +
      `${count('skipped')} skipped.`,
  ].join('\n');
}

export const listReport = ({ checks }: AcceptanceListDocument): string =>
  tableOf(checks, [column('check', ({ id }) => id), column('what passing shows', ({ shows }) => shows)]);
