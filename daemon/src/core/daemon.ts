/** Puts the daemon's parts together: which part notifies which. */

import type { Alert, Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { printableList } from '@tidemark/shared/printable.ts';
import { later, whenAborted } from '../background.ts';
import type { History } from '../history/history.ts';
import { unreadableNotice } from '../history/unreadable.ts';
import type { JudgedTable } from '../history/unreadable.ts';
import { defined } from '../history/rows.ts';
import { SocketServer } from '../ipc/socket-server.ts';
import { Interruption } from '../interruption.ts';
import type { Log, OpenLog } from '../logging/log.ts';
import { AlertKeeper } from '../alerts/alert-keeper.ts';
import { showNotification } from '../alerts/notification.ts';
import { readPowerState } from '../scheduler/machine.ts';
import type { Clock } from '../scheduler/machine.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { tidemarkVersion } from '../version.ts';
import { workloadRequestOf } from '../profiler/workload.ts';
import { createHandlers } from './handlers.ts';
import { HeldHost } from './held-host/held-host.ts';
import type { HeldHostOptions } from './held-host/held-host.ts';
import { HistoryTurns } from './history-turns.ts';
import { Imports } from './imports.ts';
import type { Notices } from './notices.ts';
import { RunQueue } from './queue/run-queue.ts';
import type { Waiting } from './queue/run-queue.ts';
import { StatusBoard } from './status.ts';
import { Tidying } from './tidying.ts';

export interface DaemonParts {
  readonly dataFolder: string;
  readonly socketPath: string;
  readonly logFile: string | undefined;
  readonly logTrouble?: OpenLog['trouble'] | undefined;
  readonly startedAt: Date;
  readonly history: History;
  readonly notices: Notices;
  readonly log: Log;
  readonly clock: Clock;
  readonly host: Pick<HeldHostOptions, 'start' | 'timing'>;
  /** What a test makes shorter: how long a preparation may be silent. */
  readonly silenceSeconds?: number | undefined;
  /** Called when a client asks the daemon to stop. */
  readonly shutDown: () => void;
}

/** Subscribers receive a new status at most this often. */
const statusMilliseconds = 250;

/** How long another process may have the history locked while the daemon starts. */
const startMilliseconds = 10_000;

/** More than the queue holds. */
const mostWaiting = 500;

export class Daemon {
  readonly #parts: DaemonParts;
  readonly #held: HeldHost;
  readonly #queue: RunQueue;
  readonly #scheduler: Scheduler;
  readonly #alerts: AlertKeeper;
  readonly #board: StatusBoard;
  readonly #turns = new HistoryTurns();
  readonly #imports: Imports;
  #settings: DaemonSettings;
  #server: SocketServer | undefined;
  #publishing: NodeJS.Timeout | undefined;
  readonly #tidying: Tidying;
  #isStopped = false;

  constructor(parts: DaemonParts) {
    const { history, log, clock, notices, dataFolder, host, silenceSeconds } = parts;
    this.#parts = parts;
    this.#settings = history.settings.get();
    const settings = (): DaemonSettings => this.#settings;
    const onChange = (): void => this.#changed();
    notices.onChange = onChange;
    history.unreadable.onChange = (table) => this.#noteUnreadable(table);
    this.#held = new HeldHost({ settings, log, onChange, ...host });
    this.#queue = new RunQueue({
      dataFolder,
      history,
      held: this.#held,
      settings,
      notices,
      log,
      silenceSeconds,
      onProgress: (progress) => this.#server?.publish('progress', progress),
      onChange,
      onEnded: (record) => this.#afterRun(record),
    });
    this.#alerts = new AlertKeeper({
      history,
      clock,
      log,
      notify: showNotification,
      onAlert: (alert) => this.#onAlert(alert),
    });
    this.#scheduler = new Scheduler({
      history,
      clock,
      log,
      power: readPowerState,
      isBusy: () => this.#queue.isBusy,
      startCheck: (schedule) => this.#startCheck(schedule),
      onChange,
    });
    this.#tidying = new Tidying({ history, notices, log, clock, onRemoved: () => this.#historyChanged() });
    this.#imports = new Imports({ dataFolder, log, onHistory: () => this.#afterImport() });
    this.#board = new StatusBoard({
      ...parts,
      held: this.#held,
      queue: this.#queue,
      scheduler: this.#scheduler,
    });
  }

  /**
   * Takes over what the previous daemon left, and then listens for clients: nobody is answered by a daemon that cannot work. Throws
   * what the history and {@link SocketServer.listen} do, with everything stopped that was begun. An aborted signal ends the wait.
   */
  async start(signal?: AbortSignal): Promise<void> {
    try {
      const waiting = await this.#takeOver();
      this.#imports.clear();
      await raceAborted(this.#listen(), signal);
      if (this.#server !== undefined) {
        this.#queue.resume(waiting);
        this.#scheduler.start();
        this.#tidying.start();
      }
    } catch (error) {
      // It may listen already: what was begun ends, so that the process does.
      await this.stop(new Interruption('SIGTERM')).catch((cause: unknown) => {
        this.#parts.log.error({ error: cause }, 'The daemon could not be stopped in good order.');
      });
      throw error;
    }
  }

  /** Reads all that is needed of the history, each row by itself: what cannot be read is set aside, and a notice says so. */
  async #takeOver(): Promise<Waiting[]> {
    const { history, log } = this.#parts;
    // From here on others are to be answered.
    history.neverWait();
    const patience = { milliseconds: startMilliseconds };
    const interrupted = await this.#turns.write(
      () => history.runs.interruptRunning('The daemon ended during the run.'),
      patience,
    );
    for (const { id } of interrupted) {
      log.warn({ run: id }, `Run #${id} was interrupted when the previous daemon ended.`);
    }
    return await this.#turns.read(() => {
      this.#scheduler.load();
      history.alerts.list();
      this.#noteSettings();
      const queued = history.runs.list({ state: 'queued', limit: mostWaiting }).runs.reverse();
      return this.#queue.requestsOf(queued);
    }, patience);
  }

  async #listen(): Promise<void> {
    const { log, socketPath, startedAt } = this.#parts;
    const server = await SocketServer.listen({
      socketPath,
      version: tidemarkVersion,
      startedAt: startedAt.toISOString(),
      log,
      handlers: createHandlers({
        ...this.#parts,
        queue: this.#queue,
        scheduler: this.#scheduler,
        alerts: this.#alerts,
        board: this.#board,
        turns: this.#turns,
        imports: this.#imports,
        changeSettings: (change) => this.#changeSettings(change),
        onHistory: () => this.#historyChanged(),
      }),
    });
    if (this.#isStopped) {
      await server.close();
      return;
    }
    this.#server = server;
    log.info({ socketPath, version: tidemarkVersion }, 'The daemon is listening.');
  }

  /** Throws 'history' where the history's file was removed or replaced; what is there is used from now on. */
  refuseMovedHistory(): void {
    try {
      this.#parts.history.refuseMoved();
    } catch (error) {
      this.#historyChanged();
      throw error;
    }
  }

  /** Whether the socket had to be made again. Throws what {@link SocketServer.restore} does. */
  restoreSocket(): Promise<boolean> {
    return this.#server?.restore() ?? Promise.resolve(false);
  }

  /** Stops imports, the run, the host and the connections, in this order, so that clients receive the run's end. */
  async stop(interruption: Interruption): Promise<void> {
    this.#tidying.stop();
    this.#scheduler.stop();
    try {
      await this.#imports.stop();
      await this.#queue.stop(interruption);
      await this.#held.close();
    } finally {
      this.#isStopped = true;
      clearTimeout(this.#publishing);
      await this.#server?.close();
    }
  }

  #noteUnreadable(table: JudgedTable): void {
    const { history, notices, log } = this.#parts;
    const notice = unreadableNotice(table, history.unreadable.list(table));
    if (notice === undefined) {
      notices.clear(`unreadable-${table}`);
    } else {
      log.warn({ table }, notice.message);
      notices.set(`unreadable-${table}`, notice.message, notice.hint);
    }
  }

  #noteSettings(): void {
    const { history, notices } = this.#parts;
    const names = history.settings.unreadable();
    if (names.length === 0) {
      notices.clear('unreadable-settings');
    } else {
      notices.set(
        'unreadable-settings',
        `Settings that cannot be read have their defaults: ${printableList(names)}.`,
        'Set them again; `tidemark settings` lists them.',
      );
    }
  }

  /** Something that the status shows has changed. */
  #changed(): void {
    if (!this.#isStopped) {
      this.#publishing ??= later('publishing the status', statusMilliseconds, () => this.#publishStatus());
    }
  }

  #publishStatus(): void {
    this.#publishing = undefined;
    if (this.#server !== undefined && this.#server.listeners('status') > 0) {
      this.#server.publish('status', this.#board.read());
    }
  }

  #historyChanged(): void {
    this.#board.forget();
    this.#changed();
  }

  #afterImport(): void {
    this.#scheduler.reconsider();
    this.#historyChanged();
  }

  #afterRun(record: RunRecord): void {
    this.#alerts.afterCheck(record);
    this.#historyChanged();
    this.#scheduler.afterRun(record);
  }

  #onAlert(alert: Alert): void {
    this.#server?.publish('alerts', alert);
    this.#historyChanged();
  }

  #startCheck({ id, name, ...settings }: Schedule): RunRecord {
    const { model, voice, text, iterations, warmupIterations } = settings;
    const parameters = { model, voice, text, iterations, warmupIterations, ...workloadRequestOf(settings) };
    return this.#queue.add(
      { kind: 'profile', parameters },
      { kind: 'schedule', scheduleId: id, scheduleName: name },
    );
  }

  #changeSettings(change: DaemonSettingsChange): DaemonSettings {
    const before = this.#settings;
    this.#settings = this.#parts.history.settings.change(change);
    this.#noteSettings();
    if (asksForRetention(change, before)) {
      this.#tidying.ask();
    }
    this.#held.reconsider();
    this.#scheduler.reconsider();
    this.#changed();
    return this.#settings;
  }
}

/** Whether it changes what is kept, or sets that again and nothing else, which is how a person says that nothing is to wait. */
function asksForRetention({ alerts, ...change }: DaemonSettingsChange, before: DaemonSettings): boolean {
  const names = ['retentionDays', 'retentionRuns'] as const;
  const named = names.filter((name) => change[name] !== undefined);
  const others = [...Object.keys(defined(change)), ...Object.keys(alerts ?? {})].filter(
    (name) => !names.some((each) => each === name),
  );
  return named.some((name) => change[name] !== before[name]) || (named.length > 0 && others.length === 0);
}

/** Resolves when the work has or the signal aborts, whichever comes first. */
async function raceAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const aborted = Promise.withResolvers<undefined>();
  const watched = whenAborted(signal, 'ending the start', () => aborted.resolve(undefined));
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    watched[Symbol.dispose]();
    // Nobody waits for it any more.
    work.catch(() => undefined);
  }
}
