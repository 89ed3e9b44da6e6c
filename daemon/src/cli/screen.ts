/** A terminal's alternate screen, drawn anew in place: left as it was found, whatever ends the process. */

import { writeControls, writeScreen } from './output.ts';

/** The terminal's own control sequences: xterm's, which every terminal of a Mac or a Linux knows. */
const codes = {
  enter: '\u001b[?1049h\u001b[?25l\u001b[?7l',
  leave: '\u001b[?7h\u001b[?25h\u001b[?1049l',
  home: '\u001b[H',
  clearLine: '\u001b[K',
  clearBelow: '\u001b[J',
} as const;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenOptions {
  /** The lines to show in so much room, each of them no wider. */
  readonly draw: (size: ScreenSize) => readonly string[];
  /** A key was pressed; Ctrl-C arrives here too, since the terminal sends keys as they are. */
  readonly onKey: (key: string) => void;
}

export class Screen implements Disposable {
  readonly #output: NodeJS.WriteStream;
  readonly #input: NodeJS.ReadStream;
  readonly #draw: ScreenOptions['draw'];
  readonly #onKey: (data: string) => void;
  readonly #onResize = (): void => this.redraw();
  readonly #onExit = (): void => this[Symbol.dispose]();
  #isOpen = true;

  constructor(output: NodeJS.WriteStream, input: NodeJS.ReadStream, { draw, onKey }: ScreenOptions) {
    this.#output = output;
    this.#input = input;
    this.#draw = draw;
    this.#onKey = onKey;
    this.#take();
    process.on('exit', this.#onExit);
    output.on('resize', this.#onResize);
    if (input.isTTY) {
      input.setEncoding('utf8').on('data', this.#onKey);
    }
  }

  /** Line by line over what is there, so that nothing flickers. */
  redraw(): void {
    if (!this.#isOpen) {
      return;
    }
    const size = { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
    const lines = this.#draw(size).slice(0, size.rows);
    writeScreen(this.#output, lines, {
      before: codes.home,
      lineEnd: codes.clearLine,
      // A full screen has nothing below, and clearing there would wipe the last line's end.
      after: lines.length < size.rows ? codes.clearBelow : '',
    });
  }

  /** What Ctrl-Z means: the shell gets its terminal, and `fg` draws anew. */
  suspend(): void {
    this.#release();
    process.once('SIGCONT', () => {
      if (this.#isOpen) {
        this.#take();
        this.redraw();
      }
    });
    process.kill(process.pid, 'SIGTSTP');
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) {
      return;
    }
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    this.#output.off('resize', this.#onResize);
    this.#input.off('data', this.#onKey);
    this.#release();
    this.#input.pause();
  }

  #take(): void {
    writeControls(this.#output, codes.enter);
    if (this.#input.isTTY) {
      this.#input.setRawMode(true);
    }
  }

  #release(): void {
    if (this.#input.isTTY) {
      this.#input.setRawMode(false);
    }
    writeControls(this.#output, codes.leave);
  }
}
