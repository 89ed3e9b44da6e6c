/** One home with its history, and the daemons that have it one after the other: starts, stops, and what each of them left. */

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { DaemonError } from '@tidemark/shared/client/daemon-error.ts';
import { logFolder } from '@tidemark/shared/client/locations.ts';
import { DaemonUnderTest } from '../bench/daemon-under-test.ts';
import { layOutDay } from './day.ts';
import type { Models } from './day.ts';
import { endProcess, processesWith, tracedFromStart, untrace } from './injection.ts';
import type { Tracing } from './injection.ts';
import { Ledger } from './ledger.ts';
import type { Draws } from './random.ts';
import { Work } from './work.ts';
import type { Surroundings } from './work.ts';

/** What is wrong after a round, as sentences. */
export interface Findings {
  /** Acknowledged, and not there. */
  readonly lost: string[];
  /** Acknowledged or told, and not there, and nothing says so. */
  readonly silent: string[];
  readonly processes: string[];
  readonly files: string[];
  /** Starts that neither served nor ended, or that ended without a cause. */
  readonly starts: string[];
  /** Ends that nobody asked for, that did not come, or that were no success. */
  readonly ends: string[];
}

export const findingKinds = ['lost', 'silent', 'processes', 'files', 'starts', 'ends'] as const;

export const foundNothing = (findings: Findings): boolean =>
  findingKinds.every((kind) => findings[kind].length === 0);

const noFindings = (): Findings => ({ lost: [], silent: [], processes: [], files: [], starts: [], ends: [] });

const startMilliseconds = 60_000;
const stopMilliseconds = 15_000;

/** A process that begins has to read its modules before it finds that its parent is gone. */
const graceMilliseconds = 20_000;

/** What a daemon that was stopped leaves, besides the models. */
const expectedFiles =
  /^(history\.sqlite(\.marks|-lock(-journal)?)?|logs|logs\/daemon\.log(\.\d)?|removed|removed\/runs-[-0-9]+\.jsonl|run|run\/daemon\.lock(-journal)?|tiny(\/.*)?)$/;

export interface Serving {
  readonly daemon: DaemonUnderTest;
  readonly client: DaemonClient;
  readonly work: Work;
}

export class HomeUnderTest implements Surroundings, AsyncDisposable {
  readonly home: string;
  readonly models: Models;
  readonly draws: Draws;
  readonly ledger: Ledger;
  serving: Serving | undefined;
  /** One that has not come to serve. */
  starting: DaemonUnderTest | undefined;
  found = noFindings();
  /** Acknowledged things that were looked at. */
  items = 0;
  /** Whether a notice, the log or an error tells that something may be missing. */
  warned = false;
  #logSize = 0;

  /** `folder` is empty, and the caller's to remove. */
  constructor(folder: string, draws: Draws, checks: number) {
    this.home = join(folder, 'home');
    this.draws = draws;
    this.ledger = new Ledger(join(folder, 'ledger.jsonl'));
    this.models = layOutDay(this.home, this.ledger, checks);
  }

  /** Forgets what was found. */
  begin(): void {
    this.found = noFindings();
    this.items = 0;
    this.warned = false;
    this.serving?.work.refusals.splice(0);
    this.#logSize = logSize(this.home);
  }

  /** The folder of the history, and its own files. */
  historyFiles(): string[] {
    const history = join(this.home, 'history.sqlite');
    return [this.home, ...['', '-wal', '-shm', '-journal', '.marks'].map((suffix) => history + suffix)];
  }

  async served(): Promise<Serving> {
    return this.serving ?? (await this.start());
  }

  /** Starts a daemon that has no reason not to serve. */
  async start(tracing?: Tracing): Promise<Serving> {
    for (let attempt = 1; ; attempt += 1) {
      const serving = await this.attempt(tracing);
      if (serving !== undefined) {
        return serving;
      }
      const said = this.starting?.output.trim() ?? '';
      this.found.starts.push(`a daemon ended at its start: ${said}`);
      if (attempt === 3) {
        throw new Error(`no daemon starts any more: ${said}`);
      }
    }
  }

  /** Starts a daemon. Undefined where it has ended, or was ended because it did neither. */
  async attempt(tracing?: Tracing, mayFail?: 'may fail'): Promise<Serving | undefined> {
    const daemon = DaemonUnderTest.spawn(this.home, tracing === undefined ? [] : tracedFromStart(tracing));
    this.starting = daemon;
    this.serving = undefined;
    try {
      const client = await daemon.connect(startMilliseconds);
      const work = await Work.begin(client, this);
      this.serving = { daemon, client, work };
      this.starting = undefined;
      return this.serving;
    } catch (error) {
      await Promise.race([daemon.ended, wait(1000)]);
      if (daemon.isRunning) {
        this.found.starts.push(
          `a daemon neither served nor ended in ${startMilliseconds / 1000} s: ${String(error)}`,
        );
        daemon.kill('SIGKILL');
      }
      const { code } = await daemon.ended;
      if (mayFail !== undefined && code === 0) {
        this.found.starts.push(`a daemon ended at its start as if all were well: ${daemon.output.trim()}`);
      }
      return undefined;
    }
  }

  async askToStop({ daemon, client }: Serving): Promise<void> {
    if (this.draws.share() < 0.5) {
      daemon.kill('SIGTERM');
    } else {
      await client.call('shutdown', {}).catch(() => undefined);
    }
    await Promise.race([daemon.ended, wait(stopMilliseconds)]);
  }

  /** In good order, after which nothing may be left. */
  async stop(): Promise<void> {
    const serving = this.serving;
    if (serving === undefined) {
      return;
    }
    await serving.work.settled();
    await this.askToStop(serving);
    const { daemon } = serving;
    if (daemon.isRunning) {
      this.found.ends.push(`a daemon did not stop within ${stopMilliseconds / 1000} s`);
    } else {
      const { code, signal } = await daemon.ended;
      if (code !== 0) {
        this.found.ends.push(`a daemon stopped with ${signal ?? String(code)}: ${daemon.output.trim()}`);
      }
    }
    await this.afterDeath(daemon);
    for (const name of readdirSync(this.home, { recursive: true, encoding: 'utf8' })) {
      if (!expectedFiles.test(name)) {
        this.found.files.push(`${name} was left`);
        rmSync(join(this.home, name), { recursive: true, force: true });
      }
    }
  }

  /** Waits for what a dead daemon started, and ends by force what stays. */
  async afterDeath(daemon: DaemonUnderTest): Promise<void> {
    if (daemon.isRunning) {
      await untrace(daemon.pid);
      daemon.kill('SIGKILL');
    }
    await daemon.ended;
    const { client, work } = this.serving ?? {};
    await client?.close();
    await work?.settled();
    this.serving = undefined;
    const end = performance.now() + graceMilliseconds;
    let left = processesWith(this.#mark);
    while (left.length > 0 && performance.now() < end) {
      await wait(25);
      left = processesWith(this.#mark);
    }
    for (const pid of left) {
      this.found.processes.push(`process ${pid}: ${commandOf(pid)}`);
      endProcess(pid, 'SIGKILL');
    }
  }

  /** Whether the log has an error since the round began, or a warning with one. */
  logWarns(): boolean {
    return warnsSince(this.home, this.#logSize);
  }

  /** Has a daemon serve without errors, and compares what it serves with the ledger. */
  async check(contents?: 'every run'): Promise<void> {
    const { client } = await this.served();
    try {
      const { notices } = await client.call('status', {});
      this.warned ||= notices.length > 0 || this.logWarns();
      const { lost, untold, items } = await this.ledger.check(client, (ended) =>
        contents === undefined ? [1, 2, 3].flatMap(() => this.draws.maybeOf(ended) ?? []) : ended,
      );
      this.items = items;
      this.found.lost.push(...lost);
      this.found.silent.push(...(this.warned ? [] : [...lost, ...untold]));
    } catch (error) {
      if (!(error instanceof DaemonError)) {
        throw error;
      }
      this.found.lost.push(`the history cannot be read: ${error.message}`);
    }
    for (const name of readdirSync(this.home)) {
      if (/damaged|replacing|fresh/.test(name)) {
        this.found.lost.push(`a sound history was set aside: ${name}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const daemon = this.serving?.daemon ?? this.starting;
    if (daemon?.isRunning === true) {
      daemon.kill('SIGKILL');
      await daemon.ended;
    }
    await this.serving?.client.close();
    processesWith(this.#mark).forEach((pid) => endProcess(pid, 'SIGKILL'));
    this.ledger[Symbol.dispose]();
  }

  /** In the environment of all that a daemon starts. */
  get #mark(): string {
    return `TIDEMARK_HOME=${this.home}`;
  }
}

const logFileOf = (home: string): string => join(logFolder(home), 'daemon.log');

const logSize = (home: string): number => statSync(logFileOf(home), { throwIfNoEntry: false })?.size ?? 0;

/** Since the log was so large. */
function warnsSince(home: string, size: number): boolean {
  const text = readFileSync(logFileOf(home));
  return text
    .subarray(text.length < size ? 0 : size)
    .toString('utf8')
    .split('\n')
    .some(
      (line) =>
        line.includes('"level":"error"') || (line.includes('"level":"warn"') && line.includes('"error":')),
    );
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return 'has ended meanwhile';
  }
}
