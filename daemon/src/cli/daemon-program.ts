/** `tidemark daemon` by itself: what stays in memory for months loads nothing of the other commands. */

import type { Command } from 'commander';
import { addDaemonCommand } from './commands/daemon.ts';
import { emptyProgram } from './empty-program.ts';

export function createProgram(): Command {
  const program = emptyProgram();
  addDaemonCommand(program);
  return program;
}
