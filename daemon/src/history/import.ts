/** Brings runs, schedules and alerts into a history, line by line. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import type { ImportResult } from '@tidemark/shared/protocol/daemon/methods.ts';
import { parseRunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Database } from './database.ts';
import { isConstraint, sqliteCodeOf } from './history-errors.ts';
import { alertLine, exportFormatVersion, headerLine, runLine, scheduleLine } from './export.ts';
import { ImportedRows } from './imported-rows.ts';
import { longestText } from './run-row.ts';
import { checkSchedule } from './schedule-check.ts';
import { checked, clauseOf, Refusal } from './unreadable.ts';
import type { RunTable } from './runs.ts';

/** What a line that was read asks to be written. */
type Step = () => void;

/** The most lines and characters of one transaction, so that another process that writes need not wait long. */
const batchLines = 32;
const batchCharacters = 1_000_000;

/** Bytes of a line, which is a run with all its samples: some 150,000 iterations. */
export const longestLine = 128 * 1024 * 1024;

/** Values of a line, of which an iteration has some sixteen. */
const mostValues = 8_000_000;

/** Characters of a text anywhere in a line, and of the name of a field. */
const longestString = longestText;
const longestKey = 1024;

const mostRefused = 1000;

const howToMake =
  'Pass a file that `tidemark runs export`, `tidemark profile --json` or `tidemark study --json` wrote.';

/**
 * Takes the lines of an export one by one, then {@link end}. What was imported before an error stays; another import
 * adds the rest. A line may also be a document by itself, and the whole may be one document over many lines.
 */
export class HistoryImport {
  readonly #database: Database;
  readonly #rows: ImportedRows;
  readonly #refused: { line: number; reason: string }[] = [];
  readonly #counts = { added: 0, known: 0, schedules: 0, alerts: 0 };
  #batch: { readonly line: number; readonly step: Step }[] = [];
  #characters = 0;
  #moreRefused = 0;
  #line = 0;
  #sawHeader = false;
  /** The lines of a document that is printed over many. */
  #document: string[] | undefined;

  /** `client` is who has itself measured what documents there are. */
  constructor(database: Database, runs: RunTable, now: Date, client?: string) {
    this.#database = database;
    this.#rows = new ImportedRows(database, runs, now, client);
  }

  /**
   * Returns whether lines were written, of which many are at once. Throws a TidemarkError: 'bad-document' for the export of a newer
   * Tidemark, 'not-writable' or 'history'.
   */
  take(text: string): boolean {
    this.#line += 1;
    // A byte-order mark is no JSON, but some shells write one.
    const line = (this.#line === 1 ? text.replace(/^\uFEFF/, '') : text).trim();
    if (this.#document !== undefined) {
      this.#document.push(line);
      this.#characters += line.length;
      if (this.#characters > longestLine) {
        throw new TidemarkError('bad-document', 'The input is longer than any document.', {
          hint: howToMake,
        });
      }
      return false;
    }
    if (line === '{' && this.#isFirst()) {
      this.#document = [line];
      return false;
    }
    if (line === '') {
      return false;
    }
    try {
      const step = this.#read(line);
      if (step !== undefined) {
        this.#batch.push({ line: this.#line, step });
        this.#characters += line.length;
      }
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      this.#refuse({ line: this.#line, reason: error.message });
    }
    const isFull = this.#batch.length >= batchLines || this.#characters >= batchCharacters;
    if (isFull) {
      this.#write();
    }
    return isFull;
  }

  /** Throws a TidemarkError: 'bad-document' for what has no line of an export, 'not-writable' or 'history'. */
  end(): ImportResult {
    if (this.#document !== undefined) {
      const whole = this.#document.join('\n');
      let document: RunDocument;
      try {
        refuseCrowded(whole);
        document = parseRunDocument(whole, 'It');
        refuseEndless(document);
      } catch (error) {
        throw error instanceof Refusal
          ? new TidemarkError('bad-document', error.message, { hint: howToMake, cause: error })
          : error;
      }
      this.#batch.push({ line: 1, step: () => this.#addDocument(document) });
    }
    this.#write();
    const { added, known, schedules, alerts } = this.#counts;
    if (!this.#sawHeader && added + known + schedules + alerts === 0) {
      const [first] = this.#refused;
      throw new TidemarkError(
        'bad-document',
        first === undefined
          ? 'The input is empty.'
          : `The input is not a history export (line ${first.line}: ${clauseOf(first.reason)}).`,
        { hint: howToMake },
      );
    }
    const refused = this.#refused.toSorted((a, b) => a.line - b.line);
    return {
      ...this.#counts,
      refused,
      ...(this.#moreRefused === 0 ? {} : { moreRefused: this.#moreRefused }),
    };
  }

  /** A line that its reader did not take in, as one without end. */
  skip(reason: string): void {
    this.#line += 1;
    if (this.#document !== undefined) {
      throw new TidemarkError(
        'bad-document',
        `The input has a line that cannot be read: ${clauseOf(reason)}.`,
        {
          hint: howToMake,
        },
      );
    }
    this.#refuse({ line: this.#line, reason });
  }

  #refuse(refused: { readonly line: number; readonly reason: string }): void {
    if (this.#refused.length < mostRefused) {
      this.#refused.push(refused);
    } else {
      this.#moreRefused += 1;
    }
  }

  #isFirst(): boolean {
    return !this.#sawHeader && this.#batch.length === 0 && this.#refused.length === 0;
  }

  #read(line: string): Step | undefined {
    const value = parsed(line);
    refuseEndless(value);
    switch (kindOf(value)) {
      case 'tidemark-history':
        this.#readHeader(value);
        return undefined;
      case 'schedule': {
        const schedule = checked(scheduleLine, value);
        refusable(() => checkSchedule(schedule.settings));
        return () => {
          this.#counts.schedules += this.#rows.addSchedule(schedule) ? 1 : 0;
        };
      }
      case 'run': {
        const run = checked(runLine, value);
        return () => this.#count(this.#rows.addRun(run));
      }
      case 'alert': {
        const alert = checked(alertLine, value);
        return () => {
          this.#counts.alerts += this.#rows.addAlert(alert) ? 1 : 0;
        };
      }
      case 'profile':
      case 'study':
      case 'watch': {
        const document = documentIn(line);
        return () => this.#addDocument(document);
      }
      default:
        throw new Refusal('Its kind is not one that an export contains.');
    }
  }

  #readHeader(value: unknown): void {
    const { formatVersion, tidemark } = checked(headerLine, value);
    if (formatVersion > exportFormatVersion) {
      throw new TidemarkError(
        'bad-document',
        `The input was exported by Tidemark ${tidemark} in format version ${formatVersion}, but this version of Tidemark reads format version ${exportFormatVersion}.`,
        { hint: 'Update Tidemark.' },
      );
    }
    this.#sawHeader = true;
  }

  #addDocument(document: RunDocument): void {
    this.#count(this.#rows.addDocument(document));
  }

  #count(isNew: boolean): void {
    this.#counts[isNew ? 'added' : 'known'] += 1;
  }

  #write(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#characters = 0;
    if (batch.length === 0) {
      return;
    }
    const before = { ...this.#counts };
    const refused: { line: number; reason: string }[] = [];
    try {
      this.#database.write(() => {
        // This runs once more from the start where a damaged file was replaced meanwhile.
        Object.assign(this.#counts, before);
        refused.length = 0;
        for (const { line, step } of batch) {
          const reason = this.#attempt(step);
          if (reason !== undefined) {
            refused.push({ line, reason });
          }
        }
      });
    } catch (error) {
      Object.assign(this.#counts, before);
      throw error;
    }
    refused.forEach((each) => this.#refuse(each));
  }

  /** Undoes a line that cannot be written, and says why; an error that every line would meet is thrown. */
  #attempt(step: Step): string | undefined {
    this.#database.run('SAVEPOINT line');
    try {
      step();
      return undefined;
    } catch (error) {
      if (sqliteCodeOf(error) !== undefined && !isConstraint(error)) {
        throw error;
      }
      this.#database.run('ROLLBACK TO line');
      if (error instanceof Refusal) {
        return error.message;
      }
      return error instanceof RangeError
        ? 'A date or number in it is out of range.'
        : `It does not fit the history: ${error instanceof Error ? error.message : String(error)}.`;
    } finally {
      if (this.#database.isTransaction) {
        this.#database.run('RELEASE line');
      }
    }
  }
}

function parsed(line: string): unknown {
  refuseCrowded(line);
  try {
    return JSON.parse(line);
  } catch {
    throw new Refusal('It is not JSON or is truncated.');
  }
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

/** Before it is parsed: of the shortest values, a line of the greatest length would take more memory than a process has. */
function refuseCrowded(text: string): void {
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === comma || code === bracket || code === brace) {
      values += 1;
      if (values > mostValues) {
        throw new Refusal(`It has more than ${formatCount(mostValues)} values.`);
      }
    }
  }
}

const [comma, bracket, brace] = [0x2c, 0x5b, 0x7b];

/** No string is longer than the longest that the socket takes, and no list of names is without end. */
function refuseEndless(value: unknown): void {
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'string' && next.length > longestString) {
      throw new Refusal(`A text in it is longer than ${formatCount(longestString)} characters.`);
    }
    if (typeof next === 'object' && next !== null) {
      const isList = Array.isArray(next);
      if (!isList && Object.keys(next).some((key) => key.length > longestKey)) {
        throw new Refusal(`A field in it has a name of more than ${formatCount(longestKey)} characters.`);
      }
      for (const each of (isList ? next : Object.values(next)) as readonly unknown[]) {
        if (typeof each === 'string' || (typeof each === 'object' && each !== null)) {
          left.push(each);
        }
      }
    }
  }
}

const documentIn = (line: string): RunDocument => refusable(() => parseRunDocument(line, 'It'));

/** What is wrong with a line is no reason to stop: it is refused. */
function refusable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof TidemarkError && ofLine.includes(error.code)) {
      throw new Refusal(error.message);
    }
    throw error;
  }
}

const ofLine: readonly string[] = ['bad-document', 'bad-input', 'unknown-model', 'unknown-voice'];
