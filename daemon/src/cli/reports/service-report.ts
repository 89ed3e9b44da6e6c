/** The service as text: its state, what was done about it, and where things are. */

import type {
  ServiceAction,
  ServiceDocument,
  ServiceState,
  ServiceStep,
} from '@tidemark/shared/protocol/daemon-documents.ts';
import { styled } from './layout.ts';

const marks: Readonly<Record<ServiceState, readonly ['green' | 'yellow' | 'red', string]>> = {
  running: ['green', '✓'],
  'loaded-not-running': ['yellow', '!'],
  'installed-not-loaded': ['yellow', '!'],
  outdated: ['yellow', '!'],
  disabled: ['yellow', '!'],
  'not-installed': ['yellow', '!'],
  unsupported: ['yellow', '!'],
  crashed: ['red', '✗'],
};

/** What each action is for: a state that deserves a look after one is what was asked for after another. */
const purposes: Readonly<Record<ServiceAction, ServiceState | undefined>> = {
  status: undefined,
  install: 'running',
  start: 'running',
  restart: 'running',
  stop: 'installed-not-loaded',
  uninstall: 'not-installed',
};

/** Lines without the last line break. */
export function serviceReport(document: ServiceDocument): string {
  const { state, message, hint, notices, isDryRun, steps, action } = document;
  const isDone = !isDryRun && purposes[action] === state;
  const [color, mark] = isDone ? marks.running : marks[state];
  const lines: string[] = [];
  if (isDryRun) {
    lines.push(`\`tidemark service ${action}\` would do the following:`, ...steps.map(stepLine), '');
  } else if (action !== 'status') {
    const done = steps.filter(changesSomething).map(stepLine);
    lines.push(...done, ...(done.length === 0 ? [] : ['']));
  }
  lines.push(`${styled(color, mark)} ${isDryRun ? 'Currently: ' : ''}${message}`);
  if (hint !== undefined && !isDryRun && !isDone) {
    lines.push(`  → ${hint}`);
  }
  if (action === 'status') {
    lines.push('', ...details(document));
  }
  lines.push(...notices.map((notice) => `  ${notice}`));
  return lines.join('\n');
}

const changesSomething = (step: ServiceStep): boolean =>
  step.kind === 'command' ? !step.asks : step.kind !== 'wait';

function stepLine(step: ServiceStep): string {
  switch (step.kind) {
    case 'command': {
      const code =
        step.exitCode === undefined || step.exitCode === 0
          ? ''
          : ` (exit code ${step.exitCode}${step.outcome === undefined ? '' : `: ${step.outcome}`})`;
      return `  $ ${step.words.map(shellWord).join(' ')}${code}`;
    }
    case 'make-folder':
      return `  create the folder ${step.path}`;
    case 'write':
      return `  write ${step.path}`;
    case 'rename':
      return `  move ${step.path} aside`;
    case 'remove':
      return `  remove ${step.path}`;
    case 'wait':
      return `  wait for ${step.for}`;
  }
}

/** A word as a shell reads it, so that a step can be copied. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function details(document: ServiceDocument): string[] {
  const { daemon, pid, runs, lastExitCode, lastSignal, lastError, differences } = document;
  const rows: (readonly [name: string, value: string | undefined])[] = [
    [
      'service',
      `${document.label} (${document.manager === 'none' ? 'no service manager' : document.manager})`,
    ],
    ['definition', document.definitionFile],
    ['differs in', differences.length === 0 ? undefined : differences.join(', ')],
    [
      'process',
      pid === undefined
        ? undefined
        : `${pid}${runs === undefined || runs < 2 ? '' : `, started ${runs} times`}`,
    ],
    ['last exit', lastSignal ?? (lastExitCode === undefined ? undefined : `exit code ${lastExitCode}`)],
    ['last error', lastError],
    ['daemon', daemon === undefined ? 'not answering' : `process ${daemon.pid}, version ${daemon.version}`],
    ['data', document.dataFolder],
    ['log', document.logFile],
    ['output', document.outputFile],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(11)}${value}`]));
}
