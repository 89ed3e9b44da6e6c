/** The unit of systemd's user manager that keeps the daemon running on Linux. */

import { openFiles, secondsBetweenStarts, secondsToEnd } from './definition.ts';
import type { ServiceDefinition } from './definition.ts';

/** The unit's text. Its directives are documented in systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5). */
export function unitText({ program, environment }: ServiceDefinition): string {
  return [
    '# Written by `tidemark service install`, which replaces it.',
    '[Unit]',
    'Description=Tidemark, a memory profiler for Kokoro-82M on MLX',
    // Tried again for ever: what keeps it from starting, a full disk or another daemon, is gone sooner or later.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    // Counts as started once the program is executed, so that a missing program fails the start itself.
    'Type=exec',
    `ExecStart=${commandLine(program)}`,
    ...Object.entries(environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    'Restart=on-failure',
    `RestartSec=${secondsBetweenStarts.systemd}`,
    `TimeoutStopSec=${secondsToEnd}`,
    // SIGTERM to the daemon, which stops its model host; SIGKILL to whatever is left of both.
    'KillMode=mixed',
    'UMask=0077',
    `LimitNOFILE=${openFiles}`,
    'NoNewPrivileges=yes',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n');
}

/**
 * The value of ExecStart. systemd takes no quotation mark and no backslash in the path of what it executes, however they are written
 * (`string_is_safe` in its src/basic/string-util.c), as in `/home/o'brien`; a shell that becomes the program does.
 */
function commandLine([executable = '', ...words]: readonly string[]): string {
  return /["'\\]/.test(executable)
    ? [quoted('/bin/sh'), ...['-c', 'exec "$0" "$@"', executable, ...words].map(word)].join(' ')
    : [quoted(executable), ...words.map(word)].join(' ');
}

/**
 * A word of ExecStart after the first, in which systemd replaces no variables, quoted, with `%` and `$` doubled since systemd
 * replaces them (systemd.service(5), Command Lines).
 */
const word = (text: string): string => quoted(text).replaceAll('$', '$$$$');

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;

/** The command line of a unit that {@link unitText} wrote. */
export function programOfUnit(text: string): string[] {
  const [, line = ''] = /^ExecStart=(.*)$/m.exec(text) ?? [];
  return Array.from(line.matchAll(/"((?:\\.|[^"\\])*)"/g), ([, content = '']) =>
    content.replaceAll('%%', '%').replaceAll('$$', '$').replaceAll(/\\(.)/g, '$1'),
  );
}

/** The variables of a unit that {@link unitText} wrote. */
export function environmentOfUnit(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [, content = ''] of text.matchAll(/^Environment="(.*)"$/gm)) {
    const [, name, value] =
      /^([^=]+)=(.*)$/.exec(content.replaceAll('%%', '%').replaceAll(/\\(.)/g, '$1')) ?? [];
    if (name !== undefined && value !== undefined) {
      variables[name] = value;
    }
  }
  return variables;
}

/** The directives in which two units differ, sorted: `ExecStart` for another program. */
export function unitDifferences(installed: string, wanted: string): readonly string[] {
  const linesOf = (text: string): Set<string> =>
    new Set(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
  const before = linesOf(installed);
  const after = linesOf(wanted);
  return [...new Set([...before.symmetricDifference(after)].map((line) => line.replace(/=.*$/, '')))].sort();
}
