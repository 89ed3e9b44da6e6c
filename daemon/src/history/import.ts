/** Brings runs, schedules and alerts into a history, line by line. */

import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { parseRunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Database } from './database.ts';
import { isConstraint, sqliteCodeOf } from './history-errors.ts';
import { alertLine, exportFormatVersion, headerLine, runLine, scheduleLine } from './export.ts';
import { ImportedRows } from './imported-rows.ts';
import type { RunTable } from './runs.ts';

export interface ImportResult {
  /** Runs that are new here, and runs that were here already. */
  readonly added: number;
  readonly known: number;
  /** Schedules, which come in paused, and alerts that are new here. */
  readonly schedules: number;
  readonly alerts: number;
  /** Lines from 1, with why as a sentence. */
  readonly refused: readonly { readonly line: number; readonly reason: string }[];
}

/** What a line that was read asks to be written. */
type Step = () => void;

/** The most lines and characters of one transaction, so that another process that writes need not wait long. */
const batchLines = 32;
const batchCharacters = 1_000_000;

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
  #line = 0;
  #sawHeader = false;
  /** The lines of a document that is printed over many. */
  #document: string[] | undefined;

  constructor(database: Database, runs: RunTable, now: Date) {
    this.#database = database;
    this.#rows = new ImportedRows(database, runs, now);
  }

  /** Throws a TidemarkError: 'bad-document' for the export of a newer Tidemark, 'not-writable' or 'history'. */
  take(text: string): void {
    this.#line += 1;
    // A byte-order mark is no JSON, but some shells write one.
    const line = (this.#line === 1 ? text.replace(/^\uFEFF/, '') : text).trim();
    if (this.#document !== undefined) {
      this.#document.push(line);
      return;
    }
    if (line === '{' && this.#isFirst()) {
      this.#document = [line];
      return;
    }
    if (line === '') {
      return;
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
      this.#refused.push({ line: this.#line, reason: error.message });
    }
    if (this.#batch.length >= batchLines || this.#characters >= batchCharacters) {
      this.#write();
    }
  }

  /** Throws a TidemarkError: 'bad-document' for what has no line of an export, 'not-writable' or 'history'. */
  end(): ImportResult {
    if (this.#document !== undefined) {
      const document = parseRunDocument(this.#document.join('\n'), 'It');
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
    return { ...this.#counts, refused: this.#refused };
  }

  #isFirst(): boolean {
    return !this.#sawHeader && this.#batch.length === 0 && this.#refused.length === 0;
  }

  #read(line: string): Step | undefined {
    const value = parsed(line);
    switch (kindOf(value)) {
      case 'tidemark-history':
        this.#readHeader(value);
        return undefined;
      case 'schedule': {
        const schedule = checked(scheduleLine, value);
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
      case 'study': {
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
    this.#refused.push(...refused);
    this.#refused.sort((a, b) => a.line - b.line);
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

/** Why one line is refused, as a sentence. */
class Refusal extends Error {}

const clauseOf = (sentence: string): string =>
  sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Refusal('It is not JSON or is truncated.');
  }
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

function checked<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (!result.success) {
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new Refusal(
      `${path === null ? 'It' : `Its ${path}`} is not valid: ${issue.message.replace(/\.$/, '')}.`,
    );
  }
  return result.output;
}

function documentIn(line: string): RunDocument {
  try {
    return parseRunDocument(line, 'It');
  } catch (error) {
    if (error instanceof TidemarkError) {
      throw new Refusal(error.message);
    }
    throw error;
  }
}
