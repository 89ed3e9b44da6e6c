/** A command in a pseudo terminal, for tests: its keys, its size, and what it has drawn. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cliEntry } from './cli.ts';
import { until } from './processes.ts';

const script = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url));

/** Options of a test that opens one: Node itself has no pseudo terminals. */
export const needsPython: { readonly skip: string | false } = {
  skip: spawnSync('python3', ['-c', 'import pty']).status === 0 ? false : 'there is no Python here',
};

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export class PseudoTerminal {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<number | null>();
  #columns: number;
  #rows: number;
  #output = '';

  /** Runs `tidemark` with these words; ended by force with the test file. */
  constructor(words: readonly string[], { columns, rows, environment = {} }: TerminalOptions) {
    this.#columns = columns;
    this.#rows = rows;
    const child = spawn(
      'python3',
      [script, String(columns), String(rows), process.execPath, cliEntry, ...words],
      { env: { ...process.env, TERM: 'xterm-256color', ...environment }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => this.#ended.resolve(code));
    after(() => child.stdin.end());
  }

  get output(): string {
    return this.#output;
  }

  /** Its exit code, once it has ended. */
  get ended(): Promise<number | null> {
    return this.#ended.promise;
  }

  press(keys: string): void {
    this.#order({ keys });
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    this.#order({ size: [columns, rows] });
  }

  signal(signal: number): void {
    this.#order({ signal });
  }

  /** What is on the screen. */
  get screen(): string[] {
    return screenOf(this.#output, this.#columns, this.#rows);
  }

  async shows(pattern: RegExp, seconds = 30): Promise<void> {
    try {
      await until(() => pattern.test(this.screen.join('\n')), String(pattern), seconds);
    } catch (cause) {
      throw new Error(`${String(pattern)} is not on the screen:\n${this.screen.join('\n')}`, { cause });
    }
  }

  #order(order: object): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

/** As a terminal would have it, as far as {@link Screen} uses one; colours are left out. */
function screenOf(output: string, columns: number, rows: number): string[] {
  const screen = Array.from({ length: rows }, () => ' '.repeat(columns));
  let [row, column] = [0, 0];
  const write = (text: string): void => {
    const line = screen[row] ?? '';
    screen[row] = (line.slice(0, column) + text + line.slice(column + text.length)).slice(0, columns);
    column = Math.min(columns, column + text.length);
  };
  const clearLine = (): void => {
    screen[row] = (screen[row] ?? '').slice(0, column).padEnd(columns);
  };
  // eslint-disable-next-line no-control-regex -- The terminal's language is made of them.
  for (const [piece, , code] of output.matchAll(/\u001b\[(\??[\d;]*)([A-Za-z])|[^\u001b]/g)) {
    if (piece === '\r') {
      column = 0;
    } else if (piece === '\n') {
      row = Math.min(rows - 1, row + 1);
    } else if (code === undefined) {
      write(piece);
    } else if (code === 'H') {
      [row, column] = [0, 0];
    } else if (code === 'K') {
      clearLine();
    } else if (code === 'J') {
      clearLine();
      screen.fill(' '.repeat(columns), row + 1);
    }
  }
  return screen.map((line) => line.trimEnd());
}
