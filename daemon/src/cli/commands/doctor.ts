/** `tidemark doctor`: whether this setup can measure, and what to do where it cannot. */

import type { Command } from 'commander';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import type { ServiceFacts } from '@tidemark/shared/protocol/daemon-documents.ts';
import { examine } from '../../doctor/doctor.ts';
import { dataFolder } from '../../paths.ts';
import { failedService } from '../../service/run-service.ts';
import { thisSystem } from '../../service/system.ts';
import { printResult } from '../command.ts';
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
    const document = withService(
      await examine({ dataFolder: dataFolder(), signal }),
      await failedService(thisSystem()),
    );
    return { document, text: () => doctorReport(document), exitCode: document.status === 'fail' ? 1 : 0 };
  });
}

/** A service that failed keeps nobody from measuring; the daemon's own doctor needs no such check. */
function withService(document: DoctorDocument, failed: ServiceFacts | undefined): DoctorDocument {
  if (failed === undefined) {
    return document;
  }
  const { message: detail, hint: remedy } = failed;
  return {
    ...document,
    status: document.status === 'fail' ? 'fail' : 'warn',
    checks: [...document.checks, { id: 'service', title: 'Service', status: 'warn', detail, remedy }],
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
