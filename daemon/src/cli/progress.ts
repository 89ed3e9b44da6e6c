/** Shows on stderr how far the work is: a bar in a terminal, a line for each step elsewhere. */

import { SingleBar } from 'cli-progress';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import type { LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { ModelProgress } from '../models/progress.ts';
import { widthOf, writeText } from './output.ts';

/** Some work of a known size. */
export interface Task {
  /** What it is about, as the line begins: a model's name. */
  readonly title: string;
  readonly total: number;
  /** Where lines are printed, only one after each such share of the total. Default: one for each advance. */
  readonly lineShare?: number;
}

export interface Progress {
  /** Says one thing. */
  note(message: string): void;
  begin(task: Task): void;
  /** `value` of the task's total is done; `detail` says where it stands. */
  advance(value: number, detail: string): void;
  end(): void;
}

/** Plain lines, each of them useful by itself in a log. */
class LineProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #task: Task | undefined;
  #nextLineAt = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  note(message: string): void {
    writeText(message, this.#stream);
  }

  begin(task: Task): void {
    this.#task = task;
    this.#nextLineAt = 0;
  }

  advance(value: number, detail: string): void {
    const { title = '', total = 0, lineShare = 0 } = this.#task ?? {};
    if (value >= Math.min(this.#nextLineAt, total)) {
      this.note(`${title}: ${detail}`);
      this.#nextLineAt = value + lineShare * total;
    }
  }

  end(): void {
    this.#task = undefined;
  }
}

/** One bar at the bottom, gone when its task is done. */
class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | undefined;
  #task: Task | undefined;
  #value = 0;
  #detail = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // However the process exits, the cursor comes back.
    process.on('exit', () => this.end());
  }

  note(message: string): void {
    // The bar makes room, and is drawn anew below.
    this.#bar?.stop();
    this.#bar = undefined;
    writeText(message, this.#stream);
    this.#draw();
  }

  begin(task: Task): void {
    this.end();
    // The bar writes by itself.
    this.#task = { ...task, title: printable(task.title) };
    this.#draw();
  }

  advance(value: number, detail: string): void {
    this.#value = value;
    this.#detail = printable(detail);
    this.#bar?.update(value, { detail: this.#detail });
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#task = undefined;
    this.#value = 0;
    this.#detail = '';
  }

  #draw(): void {
    if (this.#task === undefined) {
      return;
    }
    const { title, total } = this.#task;
    this.#bar = new SingleBar({
      format: '{title} {bar} {detail}',
      stream: this.#stream,
      // The bar's line is cut where the terminal ends, so in a narrow one it leaves room for the detail.
      barsize: Math.max(4, Math.min(24, Math.floor((widthOf(this.#stream) ?? 96) / 4))),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: true,
      // Signals are handled in one place of our own.
      gracefulExit: false,
    });
    this.#bar.start(total, this.#value, { title, detail: this.#detail });
  }
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const isTerminal = stream.isTTY && process.env['TERM'] !== 'dumb';
  return isTerminal ? new BarProgress(stream) : new LineProgress(stream);
}

/** What is said of a model once it is loaded. */
export const loadNote = (title: string, { activeBytes, seconds }: LoadRecord): string =>
  `${title}: loaded in ${formatDuration(seconds)}, ${formatBytes(activeBytes)} active`;

/** A listener that shows the building and fetching of models. */
export function showModelProgress(progress: Progress): (event: ModelProgress) => void {
  let title: string | undefined;
  return (event) => {
    if (event.kind === 'note') {
      progress.note(event.message);
      return;
    }
    if (event.kind === 'installing') {
      const { message, done, of } = event;
      if (title !== message) {
        title = message;
        progress.begin({ title: message, total: of });
      }
      progress.advance(done, message);
      if (done >= of) {
        title = undefined;
        progress.end();
      }
      return;
    }
    const [nextTitle, doneBytes] =
      event.kind === 'building'
        ? [`Building ${event.model}`, event.writtenBytes]
        : [`Downloading ${event.repository} ${event.file}`, event.receivedBytes];
    const { totalBytes } = event;
    if (nextTitle !== title) {
      title = nextTitle;
      progress.begin({ title, total: totalBytes, lineShare: 0.1 });
    }
    progress.advance(doneBytes, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
    if (doneBytes >= totalBytes) {
      title = undefined;
      progress.end();
    }
  };
}
