/** The service of an acceptance, under a name of its own beside the person's: installed once, and removed whatever happens. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ServiceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { guarded } from '../background.ts';
import { throwIfInterrupted } from '../interruption.ts';
import { runService } from '../service/run-service.ts';
import type { ServiceSystem } from '../service/system.ts';
import { Skipped } from './trial.ts';
import type { Trial } from './trial.ts';
import type { Workplace } from './workplace.ts';

/** Whether the service may be installed; otherwise why not, as a sentence. */
export type Consent = true | string;

/** Why the service cannot be installed here whatever the person says; undefined where it can. */
export async function serviceObstacle(system: ServiceSystem): Promise<string | undefined> {
  const facts = await runService(system, { action: 'status' });
  return facts.manager === 'none'
    ? 'There is no systemd user manager here.'
    : system.userId === 0
      ? 'The service runs as an ordinary user, and this is root.'
      : undefined;
}

/** The service of an acceptance while it is installed, and the person's own as it was before. */
export class TriedService implements AsyncDisposable {
  readonly #workplace: Workplace;
  readonly #own: ServiceSystem;
  readonly #consent: Consent;
  #before: ServiceDocument | undefined;
  #installed: ServiceDocument | undefined;
  #couldNot = false;

  constructor(workplace: Workplace, own: ServiceSystem, consent: Consent) {
    this.#workplace = workplace;
    this.#own = own;
    this.#consent = consent;
  }

  /** Installs it unless it is, and returns what that came to. Throws {@link Skipped} where that may not or cannot be. */
  async install(trial: Trial): Promise<ServiceDocument> {
    const obstacle = await serviceObstacle(this.#workplace.system);
    if (obstacle !== undefined) {
      throw new Skipped(obstacle);
    }
    if (this.#consent !== true) {
      throw new Skipped(this.#consent);
    }
    if (this.#couldNot) {
      throw new Skipped('The service could not be installed, as an earlier check says.');
    }
    if (this.#installed === undefined) {
      this.#before = await runService(this.#own, { action: 'status' });
      // From here on there may be something to remove, whatever installing comes to.
      process.on(
        'exit',
        guarded('removing the service', () => this.#removeAtOnce()),
      );
      this.#installed = await runService(this.#workplace.system, { action: 'status' });
      if (this.#installed.isInstalled || this.#installed.isLoaded) {
        // Of an acceptance that was ended by force.
        await this.act(trial, 'uninstall');
      }
      this.#couldNot = true;
      this.#installed = await this.act(trial, 'install');
      this.#couldNot = false;
    }
    return this.#installed;
  }

  /** Acts as `tidemark service ACTION` does, and records the manager's commands. */
  async act(trial: Trial, action: 'install' | 'uninstall' | 'status'): Promise<ServiceDocument> {
    throwIfInterrupted(this.#workplace.signal);
    try {
      const document = await runService(this.#workplace.system, { action });
      for (const step of document.steps) {
        if (step.kind === 'command') {
          const { words, exitCode } = step;
          trial.commands.push({ command: words.join(' '), ...(exitCode === undefined ? {} : { exitCode }) });
        }
      }
      return document;
    } catch (error) {
      if (!(error instanceof TidemarkError)) {
        throw error;
      }
      const { logFile, outputFile } = await runService(this.#workplace.system, { action: 'status' });
      trial.commands.push({
        command: `tidemark service ${action}`,
        exitCode: 1,
        output: [error.message, ...[logFile, outputFile].map(endOfFile)]
          .filter((part) => part !== '')
          .join('\n'),
      });
      trial.require(`\`tidemark service ${action}\` succeeds`, error.message, false);
      throw error;
    }
  }

  /** The person's own service, before and now: in what they differ. */
  async ownDifference(): Promise<string | undefined> {
    const was = this.#before;
    const is = await runService(this.#own, { action: 'status' });
    const same = (['state', 'pid', 'runs', 'isInstalled', 'isLoaded', 'isDisabled'] as const).every((key) =>
      isDeepStrictEqual(was?.[key], is[key]),
    );
    return same ? undefined : `before: ${was?.message ?? ''} Now: ${is.message}`;
  }

  /** Removes it, if it is there. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#installed !== undefined) {
      await runService(this.#workplace.system, { action: 'uninstall' });
      this.forget();
    }
  }

  /** It is removed. */
  forget(): void {
    this.#installed = undefined;
  }

  /** What can still be done while the process exits. */
  #removeAtOnce(): void {
    const { manager, label, definitionFile } = this.#installed ?? {};
    const { userId, environment } = this.#workplace.system;
    if (label === undefined) {
      return;
    }
    const [name = '', ...words] =
      manager === 'launchd'
        ? ['launchctl', 'bootout', `gui/${userId}/${label}`]
        : ['systemctl', '--user', 'disable', '--now', label];
    spawnSync(name, words, { env: environment, timeout: 10_000, stdio: 'ignore' });
    rmSync(definitionFile ?? '', { force: true });
  }
}

function endOfFile(path: string | undefined): string {
  return path === undefined || !existsSync(path) ? '' : readFileSync(path, 'utf8').slice(-1000).trim();
}
