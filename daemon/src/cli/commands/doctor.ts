/** `tidemark doctor`: whether this set-up can measure, and what to do where it cannot. */

import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { Check, DoctorDocument } from '@tidemark/shared/protocol/doctor-document.ts';
import { examine } from '../../doctor/doctor.ts';
import { dataFolder } from '../../paths.ts';
import { printResult } from '../command.ts';

export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check the set-up, and say what to do about it')
    .description(
      'Checks whether this set-up can measure: Node, MLX and its matrix products, the packaged weights and voices, the ' +
        'folders that are written to, memory, and other model hosts. Exits with 1 where something fails.',
    );
  printResult(command, async ({ signal }) => {
    const document = await examine({ dataFolder: dataFolder(), signal });
    return {
      document,
      text: () => doctorReport(document),
      exitCode: document.status === 'fail' ? 1 : 0,
    };
  });
}

const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const;

function doctorReport({ checks, status }: DoctorDocument): string {
  const width = Math.max(...checks.map(({ title }) => title.length));
  const conclusions = {
    ok: 'Everything is in order.',
    warn: 'Measuring works; see what is marked with !.',
    fail: 'Something is broken; see what is marked with ✗.',
  };
  return [...checks.flatMap((check) => checkLines(check, width)), '', conclusions[status]].join('\n');
}

function checkLines({ status, title, detail, remedy }: Check, width: number): string[] {
  const [colour, mark] = marks[status];
  const line = `${styleText(colour, mark, { stream: process.stdout })} ${title.padEnd(width)}  ${detail}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(width + 4)}→ ${remedy}`];
}
