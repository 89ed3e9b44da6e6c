/** `tidemark doctor`: whether this setup can measure, and what to do where it cannot. */

import type { Command } from 'commander';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/daemon-documents.ts';
import { examine } from '../../doctor/doctor.ts';
import { dataFolder } from '../../paths.ts';
import { failedService } from '../../service/run-service.ts';
import { thisSystem } from '../../service/system.ts';
import type { Greeting } from '../../service/system.ts';
import { printResult } from '../command.ts';
import { otherVersion } from '../other-version.ts';
import { addExamples } from '../program.ts';
import { styled } from '../reports/layout.ts';

export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check the setup, and suggest fixes')
    .description(
      'Checks whether this setup can measure: Node, MLX and its matrix products, the packaged weights and voices, the ' +
        'folders that Tidemark writes to, memory, and other model hosts. Exits with 1 if a check fails.',
    );
  addExamples(command, ['tidemark doctor', 'tidemark doctor --json']);
  printResult(command, async ({ signal }) => {
    const system = thisSystem();
    const document = withDaemon(
      await examine({ dataFolder: dataFolder(), signal }),
      await failedService(system),
      await system.greet(socketPathOf(dataFolder())),
    );
    return { document, text: () => doctorReport(document), exitCode: document.status === 'fail' ? 1 : 0 };
  });
}

/** A service that failed, or a daemon of another version, keeps nobody from measuring; the daemon's own doctor needs no such checks. */
function withDaemon(
  document: DoctorDocument,
  failed: ServiceFacts | undefined,
  daemon: Greeting | undefined,
): DoctorDocument {
  const other = daemon === undefined ? undefined : otherVersion(daemon.version);
  const found = [
    ...(failed === undefined ? [] : [{ id: 'service', title: 'Service', ...failed }]),
    ...(other === undefined ? [] : [{ id: 'daemon', title: 'Daemon', ...other }]),
  ];
  return found.length === 0
    ? document
    : {
        ...document,
        status: document.status === 'fail' ? 'fail' : 'warn',
        checks: [
          ...document.checks,
          ...found.map(({ id, title, message: detail, hint: remedy }): Check => ({
            id,
            title,
            status: 'warn',
            detail,
            remedy,
          })),
        ],
      };
}

const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const;

const conclusions = {
  ok: 'All checks passed.',
  warn: 'Tidemark can measure. See the warnings marked with !.',
  fail: 'Some checks failed. See the lines marked with ✗.',
} as const;

function doctorReport({ checks, status }: DoctorDocument): string {
  const width = Math.max(...checks.map(({ title }) => title.length));
  return [...checks.flatMap((check) => checkLines(check, width)), '', conclusions[status]].join('\n');
}

function checkLines({ status, title, detail, remedy }: Check, width: number): string[] {
  const [color, mark] = marks[status];
  const line = `${styled(color, mark)} ${title.padEnd(width)}  ${detail}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(width + 4)}→ ${remedy}`];
}
