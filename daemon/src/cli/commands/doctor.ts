/** `tidemark doctor`: whether this setup can measure, and what to do where it cannot. */

import type { Command } from 'commander';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { examine } from '../../doctor/doctor.ts';
import { dataFolder } from '../../paths.ts';
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
    const document = await examine({ dataFolder: dataFolder(), signal });
    return { document, text: () => doctorReport(document), exitCode: document.status === 'fail' ? 1 : 0 };
  });
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
