/** The model host that the daemon keeps between runs: started when needed, checked while idle, and stopped after the idle time. */

import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { HostStatus, MemoryReading } from '@tidemark/shared/protocol/daemon/status.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { StrategyName } from '@tidemark/shared/protocol/workload.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { every, later, letGo } from '../../background.ts';
import { HostDeath } from '../../host/host-death.ts';
import { ModelHost } from '../../host/model-host.ts';
import type { StartOptions } from '../../host/model-host.ts';
import { interruptionOf } from '../../interruption.ts';
import type { Log } from '../../logging/log.ts';
import type { LoadedHost, Subject } from '../../profiler/profile.ts';
import { longestTimer, overMemoryLimit } from './watchdog.ts';

export interface HeldHostOptions {
  readonly settings: () => DaemonSettings;
  readonly log: Log;
  /** Called whenever the status has changed. */
  readonly onChange: () => void;
  /** What a test replaces: another script for the host, shorter times. */
  readonly start?: Omit<StartOptions, 'signal'> | undefined;
  readonly timing?: Partial<typeof defaultTiming> | undefined;
}

const defaultTiming = {
  /** How often an idle host is asked for its memory, which is its heart-beat too. */
  heartbeatMilliseconds: 15_000,
  /** An idle host has nothing else to do, so it answers at once or not at all. */
  heartbeatTimeoutMilliseconds: 10_000,
  /** After a host has died by itself; doubled with each death in a row. */
  firstBackOffMilliseconds: 500,
  longestBackOffMilliseconds: 60_000,
};

/** A host with its model, in use by one run at a time. */
export interface HeldModel extends LoadedHost {
  readonly subject: Subject;
  readonly strategy: StrategyName;
  /** Names this process among all hosts ever: what its checks have in common. */
  readonly instance: string;
}

type Phase = Exclude<HostStatus['state'], 'backing-off'>;

export class HeldHost {
  readonly #options: HeldHostOptions;
  readonly #timing: typeof defaultTiming;
  #phase: Phase = 'none';
  #held: HeldModel | undefined;
  #subject: Subject | undefined;
  #loadedAt: Date | undefined;
  #unloadsAt: Date | undefined;
  #memory: MemoryReading | undefined;
  #deaths = 0;
  #deathsInRow = 0;
  #lastDeath: HostStatus['lastDeath'];
  /** By the clock of `performance.now()`, which nobody sets. */
  #backOffUntil = 0;
  #isHung = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: HeldHostOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
  }

  status(): HostStatus {
    const { model, voiceFile, engine } = this.#subject ?? {};
    return {
      state: this.#phase === 'none' && performance.now() < this.#backOffUntil ? 'backing-off' : this.#phase,
      pid: this.#held?.host.pid,
      model: model?.name,
      voice: voiceFile && basename(voiceFile, '.safetensors'),
      ...(engine === undefined ? {} : { engine: engine.name }),
      loadedAt: this.#loadedAt?.toISOString(),
      unloadsAt: this.#unloadsAt?.toISOString(),
      memory: this.#memory,
      deaths: this.#deaths,
      lastDeath: this.#lastDeath,
    };
  }

  /**
   * The host with the subject loaded, for one user until {@link release}: the one that is kept, or a new one where it holds
   * another model or voice, or was built by another strategy, since only a fresh process has a clean peak. Waits after a death. Throws a TidemarkError of the host
   * or the checkpoint, or the reason of an aborted signal.
   */
  async acquire(
    subject: Subject,
    signal: AbortSignal,
    strategy: StrategyName = 'faithful',
  ): Promise<HeldModel> {
    this.#stopIdling();
    const held = this.#held;
    if (held !== undefined && held.strategy === strategy && isSame(held.subject, subject)) {
      this.#enter('busy');
      return held;
    }
    await this.#end();
    await this.#waitOut(signal);
    this.#subject = subject;
    this.#enter('starting');
    try {
      const host = await ModelHost.start({
        ...this.#options.start,
        signal,
        engine: subject.engine,
      });
      letGo(
        'noting the end of a model host',
        host.ended.then(({ code, signal: by }) => this.#onEnded(host, code, by)),
      );
      this.#enter('loading');
      const load = await host
        .load({ folder: subject.model.folder, voiceFile: subject.voiceFile, strategy }, { signal })
        .catch(async (error: unknown) => {
          await host.kill();
          throw error;
        });
      const made = { host, load, subject, strategy, instance: randomUUID() };
      this.#held = made;
      this.#loadedAt = new Date();
      this.#memory = {
        asOf: new Date().toISOString(),
        context: 'idle',
        activeBytes: load.activeBytes + load.voiceBytes,
        peakBytes: load.activeBytes + load.voiceBytes,
        cacheBytes: 0,
        footprintBytes: load.footprintBytes,
      };
      this.#enter('busy');
      return made;
    } catch (error) {
      if (!signal.aborted && error instanceof HostDeath) {
        this.noteDeath(error.message, error.signal);
      }
      this.#forget();
      throw error;
    }
  }

  /** Its user is done with it. It is idle from now on, and stopped after the idle time. */
  release(): void {
    if (this.#held === undefined) {
      return;
    }
    this.#deathsInRow = 0;
    this.#enter('idle');
    this.#idle();
  }

  /** Takes the memory reading from an iteration's sample. */
  noteSample({ activeBytes, peakBytes, cacheBytes, footprintBytes }: IterationSample): void {
    this.#memory = {
      asOf: new Date().toISOString(),
      context: 'iteration',
      activeBytes,
      peakBytes,
      cacheBytes,
      footprintBytes,
    };
  }

  /** Gives the memory back to the system. Throws 'busy' while a run uses it. */
  async unload(): Promise<void> {
    if (this.#phase !== 'idle' && this.#phase !== 'none') {
      throw new TidemarkError('busy', 'The model is in use by a run, so it cannot be unloaded.', {
        hint: 'Cancel the run first, or wait until it has ended.',
      });
    }
    await this.#end();
  }

  /** Ends the host, whatever it does; for one that its user has stopped, and at the daemon's end. */
  async close(): Promise<void> {
    this.#stopIdling();
    const host = this.#held?.host;
    this.#forget();
    await host?.kill();
  }

  /** Settings have changed: the idle time starts again. */
  reconsider(): void {
    if (this.#phase === 'idle') {
      this.#stopIdling();
      this.#idle();
      this.#options.onChange();
    }
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#options.onChange();
  }

  #idle(): void {
    const { idleUnloadSeconds } = this.#options.settings();
    if (idleUnloadSeconds > 0) {
      const milliseconds = Math.min(idleUnloadSeconds * 1000, longestTimer);
      this.#unloadsAt = new Date(Date.now() + milliseconds);
      this.#idleTimer = later('unloading the model', milliseconds, async () => {
        this.#options.log.info(
          { model: this.#subject?.model.name },
          'Unloaded the model after the idle time.',
        );
        await this.#end();
      });
    }
    this.#heartbeat = every('checking the model host', this.#timing.heartbeatMilliseconds, () =>
      this.#beat(),
    );
  }

  #stopIdling(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#idleTimer);
    this.#unloadsAt = undefined;
  }

  /** Asks an idle host for its memory; one that does not answer, or exceeds the memory limit, is stopped. */
  async #beat(): Promise<void> {
    const held = this.#held;
    if (held === undefined || this.#phase !== 'idle') {
      return;
    }
    const late = AbortSignal.timeout(this.#timing.heartbeatTimeoutMilliseconds);
    try {
      const figures = await held.host.memory({}, { signal: late });
      const ceiling = this.#options.settings().memoryCeilingBytes;
      if (this.#isIdle(held)) {
        const peakBytes = Math.max(this.#memory?.peakBytes ?? 0, figures.activeBytes);
        this.#memory = { asOf: new Date().toISOString(), context: 'idle', ...figures, peakBytes };
        if (ceiling > 0 && figures.footprintBytes > ceiling) {
          this.#options.log.warn({}, overMemoryLimit(figures.footprintBytes, ceiling).message);
          await this.#end();
        }
        this.#options.onChange();
      }
    } catch {
      // The call has ended the host where it was late; #onEnded tells the rest.
      this.#isHung = late.aborted;
    }
  }

  #isIdle(held: HeldModel): boolean {
    return this.#held === held && this.#phase === 'idle';
  }

  /** Waits out the time that a host which died by itself costs the next one. */
  async #waitOut(signal: AbortSignal): Promise<void> {
    const left = this.#backOffUntil - performance.now();
    if (left > 0) {
      this.#options.onChange();
      await wait(left, undefined, { signal }).catch(() => {
        throw interruptionOf(signal);
      });
    }
  }

  async #end(): Promise<void> {
    this.#stopIdling();
    const host = this.#held?.host;
    if (host !== undefined) {
      this.#enter('ending');
      this.#held = undefined;
      await host.close();
    }
    this.#forget();
  }

  #forget(): void {
    this.#held = undefined;
    this.#subject = undefined;
    this.#loadedAt = undefined;
    this.#memory = undefined;
    this.#stopIdling();
    this.#enter('none');
  }

  /** A host has ended: by our will where it is not held any more, else by itself or because its user was stopped. */
  #onEnded(host: ModelHost, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#held?.host !== host) {
      return;
    }
    if (this.#phase === 'idle') {
      const how = this.#isHung
        ? 'did not answer'
        : signal === null
          ? `exited with code ${code ?? 'unknown'}`
          : `was ended by ${signal}`;
      this.noteDeath(`It ${how} while it was idle.`, signal ?? undefined);
    }
    this.#isHung = false;
    this.#forget();
  }

  /** Counts a death that nobody asked for, which the next start waits for. Of one in a run the run tells. */
  noteDeath(reason: string, signal: NodeJS.Signals | undefined): void {
    const { firstBackOffMilliseconds, longestBackOffMilliseconds } = this.#timing;
    this.#deaths += 1;
    this.#lastDeath = { at: new Date().toISOString(), reason, signal };
    const backOff = Math.min(firstBackOffMilliseconds * 2 ** this.#deathsInRow, longestBackOffMilliseconds);
    this.#deathsInRow += 1;
    this.#backOffUntil = performance.now() + backOff;
    this.#options.log.warn(
      { signal, backOffMilliseconds: backOff },
      `The model host ended unexpectedly. ${reason}`,
    );
    this.#options.onChange();
  }
}

const isSame = (one: Subject, other: Subject): boolean =>
  one.model.folder === other.model.folder &&
  one.model.source.sha256 === other.model.source.sha256 &&
  one.voiceFile === other.voiceFile &&
  one.engine?.python === other.engine?.python;
