/** The rounds of the fault test: a kill at a system call, or a burst of errors, and what came of it. */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { DaemonUnderTest } from '../bench/daemon-under-test.ts';
import { foundNothing, HomeUnderTest } from './home-under-test.ts';
import type { Findings } from './home-under-test.ts';
import { countCalls, trace, tracedFromStart, untrace } from './injection.ts';
import type { Tracing } from './injection.ts';
import { settingKey } from './ledger.ts';
import type { Draws } from './random.ts';
import { burstKinds, classOf } from './system-calls.ts';

export interface Round extends Findings {
  readonly kind: 'kill' | 'burst';
  readonly class: string;
  readonly call: string;
  readonly phase: string;
  readonly when: string;
  /** Whether the drawn system call came. */
  readonly isMet: boolean;
  /** Acknowledged things that were looked at afterwards. */
  readonly items: number;
  readonly seconds: number;
}

const workMilliseconds = 1500;

type KillPhase = 'start' | 'work' | 'history' | 'stop';
type BurstPhase = 'start' | 'work' | 'import' | 'retention';

export class Rounds implements AsyncDisposable {
  readonly #home: HomeUnderTest;
  readonly #draws: Draws;
  readonly #traces: string;
  readonly #kept: string;
  readonly #calls = new Map<KillPhase, Map<string, number>>();
  #round = 0;

  /** `folder` is empty, and the caller's to remove. */
  constructor(folder: string, draws: Draws, checks: number) {
    this.#traces = join(folder, 'traces');
    this.#kept = join(folder, 'kept-traces');
    [this.#traces, this.#kept].forEach((each) => mkdirSync(each, { recursive: true }));
    this.#draws = draws;
    this.#home = new HomeUnderTest(folder, draws, checks);
  }

  get acknowledged(): number {
    return this.#home.ledger.acknowledged;
  }

  /** Counts the system calls that a daemon makes, from which the kills are drawn. */
  async countCalls(): Promise<void> {
    const counted = async (
      phase: KillPhase,
      tracing: Tracing,
      body: () => Promise<unknown>,
    ): Promise<void> => {
      await body();
      await wait(50);
      this.#calls.set(phase, countCalls(readFileSync(tracing.output, 'utf8')));
    };
    const start: Tracing = { output: this.#traceFile('calls-start'), files: this.#home.historyFiles() };
    await counted('start', start, async () => {
      const { daemon } = await this.#home.start(start);
      await untrace(daemon.pid);
    });
    for (const phase of ['work', 'history'] as const) {
      const tracing: Tracing = {
        output: this.#traceFile(`calls-${phase}`),
        files: phase === 'history' ? this.#home.historyFiles() : undefined,
      };
      await counted(phase, tracing, async () => {
        const { daemon, work } = await this.#home.served();
        await trace(daemon.pid, tracing);
        await Promise.all([work.go(workMilliseconds), work.import()]);
        await untrace(daemon.pid);
      });
    }
    const stop: Tracing = { output: this.#traceFile('calls-stop') };
    await counted('stop', stop, async () => {
      const { daemon } = await this.#home.served();
      await trace(daemon.pid, stop);
      await this.#home.stop();
    });
  }

  /** Kills the daemon at a system call, or where that does not come, a while later. */
  async kill(): Promise<Round> {
    const phase = this.#draws.of(['start', 'work', 'work', 'history', 'history', 'stop'] as const);
    const counts = this.#calls.get(phase) ?? new Map<string, number>();
    const classes = [...new Set([...counts.keys()].flatMap((each) => classOf(each) ?? []))].sort();
    const kind = this.#draws.maybeOf(classes) ?? 'write';
    const call =
      this.#draws.maybeOf([...counts.keys()].filter((each) => classOf(each) === kind).sort()) ?? 'write';
    // Not the last ones: how many there are varies.
    const when = String(this.#draws.whole(1, Math.ceil((counts.get(call) ?? 1) * 0.7)));
    const tracing: Tracing = {
      output: this.#traceFile('kill'),
      calls: [call],
      files: phase === 'start' || phase === 'history' ? this.#home.historyFiles() : undefined,
      inject: { what: 'signal=SIGKILL', when },
    };
    const began = this.#begin();
    let daemon: DaemonUnderTest;
    if (phase === 'start') {
      await this.#home.stop();
      const serving = await this.#home.attempt(tracing);
      daemon = serving?.daemon ?? (this.#home.starting as DaemonUnderTest);
      await serving?.work.go(workMilliseconds);
    } else {
      const serving = await this.#home.served();
      daemon = serving.daemon;
      if (phase === 'stop') {
        await serving.work.go(300);
      }
      await trace(daemon.pid, tracing);
      const importing = phase !== 'stop' && this.#draws.share() < 0.2 ? serving.work.import() : undefined;
      await (phase === 'stop' ? this.#home.askToStop(serving) : serving.work.go(2 * workMilliseconds));
      await importing;
    }
    const isMet = !daemon.isRunning && (await daemon.ended).signal === 'SIGKILL';
    await this.#home.afterDeath(daemon);
    await this.#home.check();
    return this.#end({ kind: 'kill', class: kind, call, phase, when, isMet }, began);
  }

  /** Lets system calls about the history fail for a while. */
  async burst(): Promise<Round> {
    const phase: BurstPhase = this.#draws.of([
      'work',
      'work',
      'start',
      'start',
      'import',
      'retention',
    ] as const);
    const { name, calls, errors } = this.#draws.of(burstKinds);
    const error = this.#draws.of(errors);
    const first = this.#draws.whole(1, this.#draws.of([1, 5, 40]));
    const length = this.#draws.of([1, 3, 20, 200, 50_000]);
    const when = `${first}..${first + length - 1}`;
    const tracing: Tracing = {
      output: this.#traceFile('burst'),
      calls,
      // Where the folder cannot be looked at, nor can the log below it be opened, to say why.
      files: this.#home.historyFiles().slice(name === 'look' ? 1 : 0),
      inject: { what: `error=${error}`, when },
    };
    const began = this.#begin();
    if (phase === 'retention') {
      await this.#keepFewerRuns();
    }
    if (phase === 'start' || phase === 'retention') {
      await this.#home.stop();
      const serving = await this.#home.attempt(tracing, 'may fail');
      await serving?.work.go(workMilliseconds / 2);
      if (serving !== undefined) {
        await untrace(serving.daemon.pid);
      }
    } else {
      const { daemon, work } = await this.#home.served();
      await trace(daemon.pid, tracing);
      const importing =
        phase === 'import'
          ? work.import(
              this.#draws.share() < 0.5
                ? tracedFromStart({ ...tracing, output: `${tracing.output}-import` })
                : [],
            )
          : undefined;
      await work.go(workMilliseconds);
      await untrace(daemon.pid);
      await importing;
    }
    await this.#afterBurst();
    await this.#home.check();
    const isMet = readdirSync(this.#traces).some((trace) =>
      readFileSync(join(this.#traces, trace), 'utf8').includes('(INJECTED)'),
    );
    const call = `${calls.join(', ')}: ${error}`;
    return this.#end({ kind: 'burst', class: `${name} errors`, call, phase, when, isMet }, began);
  }

  /** Looks at every run of the history, and stops the daemon. */
  async finish(): Promise<Findings> {
    this.#home.begin();
    await this.#home.check('every run');
    await this.#home.stop();
    return this.#home.found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }

  #traceFile(name: string): string {
    return join(this.#traces, `${this.#round}-${name}`);
  }

  #begin(): number {
    this.#round += 1;
    this.#home.begin();
    return performance.now();
  }

  /** The traces of a round that found something stay, under other names. */
  #end(what: Omit<Round, keyof Findings | 'items' | 'seconds'>, began: number): Round {
    const { found, items } = this.#home;
    const isGood = foundNothing(found);
    for (const name of readdirSync(this.#traces)) {
      const trace = join(this.#traces, name);
      if (isGood) {
        rmSync(trace);
      } else {
        renameSync(trace, join(this.#kept, name));
      }
    }
    return { ...what, ...found, items, seconds: (performance.now() - began) / 1000 };
  }

  /** The errors are over: the daemon must work again or have ended for a reason that it says; then it is stopped or killed. */
  async #afterBurst(): Promise<void> {
    const serving = this.#home.serving;
    const daemon = serving?.daemon ?? this.#home.starting;
    if (daemon === undefined) {
      return;
    }
    if (serving !== undefined && daemon.isRunning) {
      try {
        const { notices } = await serving.client.call('status', {}, { timeoutMilliseconds: 10_000 });
        this.#home.warned ||= notices.length > 0;
      } catch (error) {
        this.#home.found.ends.push(`after the errors, the daemon does not say its status: ${String(error)}`);
      }
    } else if (serving !== undefined) {
      const { code, signal } = await daemon.ended;
      this.#home.found.ends.push(
        `the errors ended the daemon (${signal ?? String(code)}): ${daemon.output.trim()}`,
      );
    } else if (daemon.output.trim() === '' || !this.#home.logWarns()) {
      this.#home.found.starts.push(`the log does not say why a start failed: ${daemon.output.trim()}`);
    }
    this.#home.warned ||= (serving?.work.refusals.length ?? 0) > 0 || daemon.output !== '';
    if (serving !== undefined && daemon.isRunning && this.#draws.share() < 0.5) {
      await this.#home.stop();
    } else {
      await this.#home.afterDeath(daemon);
    }
  }

  /** Has retention remove some runs at the next start. */
  async #keepFewerRuns(): Promise<void> {
    const { client } = await this.#home.served();
    const { total } = await client.call('listRuns', { limit: 1 });
    const value = Math.max(100, total - this.#draws.whole(5, 15));
    this.#home.ledger.note({ kind: 'asked', key: settingKey('retentionRuns'), value });
    await client.call('setSettings', { retentionRuns: value });
    this.#home.ledger.note({ kind: 'set', key: settingKey('retentionRuns'), value });
  }
}
