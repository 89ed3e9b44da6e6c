/**
 * What a daemon acknowledged, kept outside it and on the disk, and whether a later daemon still serves it.
 *
 * An answer is an acknowledgement, and so is a run's end, in whatever way it is told. What was asked without an answer, or
 * answered with an error, may have happened or not. A sample or an alert that an event told may go only if something says so.
 */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Alert, Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';

type Entry =
  | { readonly kind: 'run'; readonly id: number; readonly uid: string }
  | { readonly kind: 'samples'; readonly id: number; readonly count: number }
  | { readonly kind: 'ended'; readonly record: RunRecord }
  | { readonly kind: 'removing' | 'removed'; readonly id: number }
  /** `value` is undefined for what is removed. */
  | { readonly kind: 'asked' | 'set'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'imported'; readonly uids: readonly string[] };

/** A client, or what answers as one. */
type Asking = Pick<DaemonClient, 'call'>;

interface RunEntry {
  readonly uid: string;
  samples: number;
  ended?: RunRecord;
  removal: 'none' | 'asked' | 'done';
}

/** A schedule or a setting: one of these values, as JSON. */
interface Cell {
  certain: string | undefined;
  possible: (string | undefined)[];
}

export interface Check {
  /** Acknowledged, and not there. */
  readonly lost: string[];
  /** Told, and not there. */
  readonly untold: string[];
  /** How many acknowledged things were looked at. */
  readonly items: number;
}

const pageLength = 500;

export class Ledger implements Disposable {
  readonly runs = new Map<number, RunEntry>();
  readonly #alerts = new Map<number, Alert['state']>();
  readonly #cells = new Map<string, Cell>();
  readonly #imported = new Set<string>();
  /** Ended since the last check. */
  readonly #fresh = new Set<number>();
  readonly #doubled: string[] = [];
  readonly #file: number;
  /** The fewest runs that were to be kept at any time. */
  #fewestKept = Number.POSITIVE_INFINITY;
  /** Every number that was ever given, with the run that got it. */
  readonly #given = new Map<number, string>();
  acknowledged = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  /** On the disk when it returns. */
  note(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#file);
    this.#apply(entry);
  }

  /** An acknowledged run that is not known to have ended. */
  openRuns(): number[] {
    return [...this.runs].flatMap(([id, { ended }]) => (ended === undefined ? [id] : []));
  }

  endedRuns(): number[] {
    return [...this.runs].flatMap(([id, { ended, removal }]) =>
      ended !== undefined && removal === 'none' ? [id] : [],
    );
  }

  /**
   * Compares everything with what a daemon serves, which from then on counts as acknowledged. Reads documents and samples of
   * the runs that ended since the last check, and of those that `choose` takes of the ended ones.
   */
  async check(client: Asking, choose: (ended: readonly number[]) => readonly number[]): Promise<Check> {
    const lost = this.#doubled.splice(0);
    const untold: string[] = [];
    const served = await allRuns(client, lost);
    this.#checkRuns(served, lost, untold);
    await this.#checkCells(client, lost);
    await this.#checkAlerts(client, untold);
    const read = new Set([...this.#fresh, ...choose(this.endedRuns())]);
    this.#fresh.clear();
    for (const id of read) {
      if (served.has(id)) {
        await checkContents(client, id, lost);
      }
    }
    return { lost, untold, items: this.runs.size + this.#cells.size + this.#alerts.size };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #apply(entry: Entry): void {
    this.acknowledged +=
      entry.kind === 'asked' || entry.kind === 'removing' || entry.kind === 'samples' ? 0 : 1;
    switch (entry.kind) {
      case 'run':
        this.#addRun(entry.id, entry.uid);
        break;
      case 'samples': {
        const run = this.runs.get(entry.id);
        if (run !== undefined) {
          run.samples = Math.max(run.samples, entry.count);
        }
        break;
      }
      case 'ended': {
        const { id, uid } = entry.record;
        this.#addRun(id, uid).ended ??= entry.record;
        this.#fresh.add(id);
        break;
      }
      case 'removing':
      case 'removed': {
        const run = this.runs.get(entry.id);
        if (run !== undefined) {
          run.removal = entry.kind === 'removed' ? 'done' : 'asked';
        }
        break;
      }
      case 'asked':
        this.#cell(entry.key).possible.push(canonical(entry.value));
        this.#noteKept(entry);
        break;
      case 'set':
        this.#cells.set(entry.key, { certain: canonical(entry.value), possible: [] });
        this.#noteKept(entry);
        break;
      case 'alert': {
        const { id, state } = entry.alert;
        this.#alerts.set(id, later(state, this.#alerts.get(id) ?? state));
        break;
      }
      case 'imported':
        entry.uids.forEach((uid) => this.#imported.add(uid));
        break;
    }
  }

  #noteKept({ key, value }: { readonly key: string; readonly value: unknown }): void {
    if (key === settingKey('retentionRuns') && typeof value === 'number' && value > 0) {
      this.#fewestKept = Math.min(this.#fewestKept, value);
    }
  }

  #addRun(id: number, uid: string): RunEntry {
    const known = this.runs.get(id);
    if (known?.uid === uid) {
      return known;
    }
    if ((this.#given.get(id) ?? uid) !== uid) {
      this.#doubled.push(`the number ${id} was given to two runs`);
    }
    this.#given.set(id, uid);
    const run: RunEntry = { uid, samples: 0, removal: 'none' };
    this.runs.set(id, run);
    return run;
  }

  #cell(key: string): Cell {
    const cell = this.#cells.get(key) ?? { certain: undefined, possible: [] };
    this.#cells.set(key, cell);
    return cell;
  }

  #checkRuns(served: ReadonlyMap<number, RunRecord>, lost: string[], untold: string[]): void {
    const uids = new Set([...served.values()].map(({ uid }) => uid));
    for (const uid of this.#imported) {
      if (!uids.has(uid)) {
        lost.push(`an imported run (${uid})`);
      }
    }
    this.#imported.clear();
    const ids = [...new Set([...this.runs.keys(), ...served.keys()])].sort((a, b) => b - a);
    for (const [newer, id] of ids.entries()) {
      const run = this.runs.get(id);
      const record = served.get(id);
      if (record === undefined) {
        if (run?.removal === 'none' && newer < this.#fewestKept) {
          lost.push(`run ${id}`);
        }
        this.runs.delete(id);
      } else if (run === undefined) {
        this.#adopt(record);
      } else {
        compareRun(id, run, record, lost, untold);
        run.removal = 'none';
        run.samples = record.samplesTaken;
        if (!isOpen(record.state)) {
          run.ended = record;
        }
      }
    }
  }

  /** One whose request was not answered, or that a schedule began. */
  #adopt(record: RunRecord): void {
    const run = this.#addRun(record.id, record.uid);
    run.samples = record.samplesTaken;
    if (!isOpen(record.state)) {
      run.ended = record;
    }
  }

  async #checkCells(client: Asking, lost: string[]): Promise<void> {
    const { schedules } = await client.call('listSchedules', {});
    const settings = await client.call('getSettings', {});
    const served = new Map<string, unknown>([
      ...schedules.map((schedule) => [scheduleKey(schedule.id), settingsOf(schedule)] as const),
      ...Object.entries(settings).map(
        ([name, value]) => [settingKey(name as keyof DaemonSettings), value] as const,
      ),
    ]);
    for (const key of new Set([...this.#cells.keys(), ...served.keys()])) {
      const value = canonical(served.get(key));
      const cell = this.#cells.get(key);
      if (cell !== undefined && cell.certain !== value && !cell.possible.includes(value)) {
        lost.push(`${key}: ${value ?? 'nothing'} in the place of ${cell.certain ?? 'nothing'}`);
      }
      this.#cells.set(key, { certain: value, possible: [] });
    }
  }

  async #checkAlerts(client: Asking, untold: string[]): Promise<void> {
    const { alerts } = await client.call('listAlerts', { all: true });
    const served = new Map(alerts.map(({ id, state }) => [id, state]));
    for (const [id, state] of this.#alerts) {
      const now = served.get(id);
      if (now === undefined || later(now, state) !== now) {
        untold.push(`alert ${id}: ${now ?? 'nothing'} in the place of ${state}`);
      }
    }
    this.#alerts.clear();
    served.forEach((state, id) => this.#alerts.set(id, state));
  }
}

export const scheduleKey = (id: number): string => `schedule ${id}`;

export const settingKey = (name: keyof DaemonSettings): string => `setting ${name}`;

/** What a person set of a schedule. */
export function settingsOf(schedule: Schedule | ScheduleSettings): Omit<ScheduleSettings, 'jitterSeconds'> {
  const { name, timing, model, voice, text, iterations, warmupIterations, paused } = schedule;
  const { skipOnBattery, skipInLowPowerMode } = schedule;
  return {
    ...{ name, timing, model, voice, text, iterations, warmupIterations, paused },
    ...{ skipOnBattery, skipInLowPowerMode },
  };
}

function compareRun(id: number, run: RunEntry, record: RunRecord, lost: string[], untold: string[]): void {
  if (run.uid !== record.uid) {
    lost.push(`run ${id}: another run has its number`);
    return;
  }
  if (run.removal === 'done') {
    lost.push(`the removal of run ${id}`);
  }
  if (record.samplesTaken < run.samples) {
    untold.push(`run ${id}: ${record.samplesTaken} samples of ${run.samples}`);
  }
  const { ended } = run;
  if (ended === undefined) {
    return;
  }
  const changed = endFields.filter((name) => canonical(record[name]) !== canonical(ended[name]));
  if (changed.length > 0) {
    const [now, then] = [record, ended].map((each) => changed.map((name) => canonical(each[name])).join());
    lost.push(`the end of run ${id}: ${changed.join()} ${now ?? ''} in the place of ${then ?? ''}`);
  }
}

/** What is told of a run's end; the moment is that of the record, if it is written later. */
const endFields = ['state', 'samplesTaken', 'reason', 'figures', 'finding', 'leak'] as const;

async function allRuns(client: Asking, lost: string[]): Promise<Map<number, RunRecord>> {
  const served = new Map<number, RunRecord>();
  let before: number | undefined;
  for (;;) {
    const { runs } = await client.call('listRuns', { limit: pageLength, before });
    runs.forEach((record) => served.set(record.id, record));
    before = runs.at(-1)?.id;
    if (runs.length < pageLength) {
      break;
    }
  }
  if (new Set([...served.values()].map(({ uid }) => uid)).size !== served.size) {
    lost.push('two runs are one');
  }
  return served;
}

/** The samples and the document of a run that has ended. */
async function checkContents(client: Asking, id: number, lost: string[]): Promise<void> {
  const { record, document, samples } = await client.call('getRun', { runId: id });
  if (record.kind === 'profile' && samples.length !== record.samplesTaken) {
    lost.push(`run ${id}: ${samples.length} samples of ${record.samplesTaken}`);
  }
  if (record.state === 'complete' && document === undefined) {
    lost.push(`the document of run ${id}`);
  }
}

const order = ['open', 'acknowledged', 'resolved'] as const;

const later = (a: Alert['state'], b: Alert['state']): Alert['state'] =>
  order.indexOf(a) > order.indexOf(b) ? a : b;

/** JSON whose keys are in one order, without those that are undefined. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
