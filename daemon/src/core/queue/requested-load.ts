/** Loads a model on request, outside of any run: one at a time, which a client or the daemon's end can cancel. */

import { askedWhere } from '@tidemark/shared/format/client-words.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { HostStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { Interruption } from '../../interruption.ts';
import type { HeldHost } from '../held-host/held-host.ts';
import { watched } from '../held-host/watchdog.ts';
import { refuseTooLarge, subjectOf } from './measure-run.ts';
import { prepare } from './prepare.ts';
import { Cancellation } from './run-outcome.ts';

export interface LoadOptions {
  readonly dataFolder: string;
  readonly held: HeldHost;
  readonly settings: () => DaemonSettings;
  readonly onChange: () => void;
  /** What a test makes shorter: how long a preparation may be silent. */
  readonly silenceSeconds?: number | undefined;
}

export class RequestedLoad {
  readonly #options: LoadOptions;
  #controller: AbortController | undefined;
  #ended: PromiseWithResolvers<undefined> | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#controller !== undefined;
  }

  /** Throws what preparing and loading do, and 'interrupted' where it is ended. `after` is called when it is over. */
  async load(model: string, voice: string, after: () => void): Promise<HostStatus> {
    const { held, dataFolder, settings, onChange, silenceSeconds } = this.#options;
    const controller = new AbortController();
    const ended = Promise.withResolvers<undefined>();
    [this.#controller, this.#ended] = [controller, ended];
    const { signal } = controller;
    onChange();
    try {
      const { models } = await prepare(
        { dataFolder, models: [model], voice, examine: false },
        { signal, silenceSeconds },
      );
      const subject = subjectOf(models, model);
      const { hostTimeoutSeconds, memoryCeilingBytes } = settings();
      refuseTooLarge(models, memoryCeilingBytes);
      await watched({ signal, hostTimeoutSeconds, memoryCeilingBytes }, (watch) =>
        held.acquire(subject, watch.signal),
      );
      held.release();
      return held.status();
    } finally {
      this.#controller = undefined;
      ended.resolve(undefined);
      onChange();
      after();
    }
  }

  /** Frees the memory of the loaded model; one that is being loaded is canceled. Throws 'busy' while a run uses it. */
  async unload(by: string): Promise<HostStatus> {
    const { held } = this.#options;
    if (this.#controller !== undefined) {
      this.#controller.abort(new Cancellation(`Canceled ${askedWhere(by)}.`));
      await this.#ended?.promise;
    }
    // A run that waited for it may have begun.
    await held.unload();
    return held.status();
  }

  stop(interruption: Interruption): void {
    this.#controller?.abort(interruption);
  }
}
