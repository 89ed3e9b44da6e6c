/** What was tried on a machine as a page of HTML: what passed, what failed and by what evidence, and what was skipped and why. */

import { formatBytes } from '../format/bytes.ts';
import { counted, formatDuration } from '../format/numbers.ts';
import type { AcceptanceCheck, AcceptanceDocument, RanCommand } from '../protocol/acceptance-document.ts';
import {
  acceptanceStatusMark,
  commandLine,
  details,
  facts,
  number,
  page,
  paragraph,
  section,
  subheading,
  table,
} from './markup.ts';
import type { Cell } from './markup.ts';
import { momentText, none } from './words.ts';

export function acceptancePage(document: AcceptanceDocument): string {
  const { machine, checks, startedAt } = document;
  const failed = checks.filter(({ status }) => status === 'failed');
  return page(
    `Tidemark on ${machine.system}`,
    `${machine.chip}, ${machine.platform} ${machine.architecture}; ${momentText(startedAt)}`,
    [
      paragraph(answer(document), 'answer'),
      section(
        'Checks',
        table(
          ['check', { title: 'result', className: 'word' }, 'what that shows', number('time')],
          checks.map((check) => [
            check.title,
            { markup: acceptanceStatusMark(check.status) },
            foundIn(check),
            check.status === 'skipped' ? none : formatDuration(check.seconds),
          ]),
        ),
      ),
      failed.length === 0
        ? ''
        : section('What failed', failed.map((check) => evidence(check, true)).join('')),
      section(
        'What was expected and found',
        checks
          .filter(({ status, expectations }) => status !== 'failed' && expectations.length > 0)
          .map((check) => details(check.title, evidence(check, false)))
          .join(''),
      ),
      section('Machine and versions', facts(environment(document))),
    ],
  );
}

function answer({ checks, outcome }: AcceptanceDocument): string {
  const of = (status: AcceptanceCheck['status']): readonly AcceptanceCheck[] =>
    checks.filter((check) => check.status === status);
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')];
  const rest = `${passed.length} of ${counted(checks.length, 'check')} passed, ${skipped.length} skipped.`;
  return outcome === 'passed'
    ? `Nothing failed: ${rest}`
    : `${counted(failed.length, 'check')} failed (${failed.map(({ title }) => title).join(', ')}): ${rest}`;
}

/** Why it did not pass, or what passing shows and does not. */
function foundIn(check: AcceptanceCheck): string {
  return check.status === 'passed' ? `${check.shows} ${check.remark ?? ''}`.trim() : check.reason;
}

/** Markup. */
function evidence(check: AcceptanceCheck, hasTitle: boolean): string {
  return [
    hasTitle ? subheading(check.title) : '',
    table(
      ['expected', 'found', { title: '', className: 'word' }],
      check.expectations.map(({ expected, found, holds }): Cell[] => [
        expected,
        found,
        { markup: acceptanceStatusMark(holds ? 'passed' : 'failed') },
      ]),
    ),
    ...check.commands.map(ranMarkup),
  ].join('');
}

const endText = ({ exitCode, signal, seconds }: RanCommand): string =>
  [
    signal ?? (exitCode === undefined ? 'not started' : `exit code ${exitCode}`),
    ...(seconds === undefined ? [] : [formatDuration(seconds)]),
  ].join(', ');

const ranMarkup = (command: RanCommand): string =>
  commandLine(
    `$ ${command.command}\n# ${endText(command)}${command.output === undefined ? '' : `\n${command.output}`}`,
  );

function environment({
  machine,
  versions,
  models,
  seconds,
}: AcceptanceDocument): (readonly [string, string])[] {
  return [
    ['system', `${machine.system}, kernel ${machine.kernel}`],
    [
      'machine',
      `${machine.chip}; ${counted(machine.cores, 'core')}, ${formatBytes(machine.memoryBytes)}; ${machine.platform} ${machine.architecture}`,
    ],
    ['MLX computes on', machine.backend ?? none],
    ['versions', `Tidemark ${versions.tidemark}, MLX ${versions.mlx ?? none}, Node ${versions.node}`],
    ['models', models.join(', ')],
    ['total time', formatDuration(seconds)],
  ];
}
