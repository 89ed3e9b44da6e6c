/** launchctl(1): the commands for one agent of one user, what they print, and what their exit codes mean. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Steps } from './steps.ts';
import type { Executed } from './system.ts';

interface Outcome {
  /** As a part of a sentence. */
  readonly meaning: string;
  /** What a person can do about it, where that is known. */
  readonly hint?: string;
  /** `draining` is a label that launchd has not forgotten yet; without a session, agents are loaded at the next login. */
  readonly kind?: 'loaded' | 'not-loaded' | 'no-session' | 'draining';
}

const loginItems = 'System Settings › General › Login Items & Extensions';
const switchOn = `Switch it on in ${loginItems}, and try again.`;

const noSession = { meaning: 'nobody is logged in at the screen', kind: 'no-session' } as const;
const notLoaded = { meaning: 'it is not loaded', kind: 'not-loaded' } as const;

/**
 * What exit codes mean. They are error numbers: below 107 those of the system (intro(2)), from there those of XPC, as
 * `launchctl error N` prints them. Only what a person's agent can meet is here.
 */
const outcomes: Readonly<Record<number, Outcome>> = {
  1: { meaning: 'launchd does not permit it', hint: 'Run it as the user whose service it is, without sudo.' },
  3: notLoaded,
  // "Input/output error": launchd's answer to a property list that it refuses, to a label that still drains, and to more.
  5: {
    meaning: 'launchd refuses it without saying why',
    hint:
      `Check that Tidemark is switched on in ${loginItems}, and that \`plutil -lint\` finds no fault in the property list; ` +
      'Console shows what launchd says.',
    kind: 'draining',
  },
  // "Operation now in progress": a bootout was begun, and the process has not ended yet.
  36: { meaning: 'it is still stopping', kind: 'draining' },
  // "Operation already in progress": the label is bootstrapped.
  37: { meaning: 'it is already loaded', kind: 'loaded' },
  64: { meaning: 'this launchctl does not know the command' },
  109: { meaning: 'the property list is invalid' },
  112: noSession,
  113: notLoaded,
  119: { meaning: 'it is disabled', hint: switchOn },
  122: {
    meaning: 'others may write the property list or its folder',
    hint: 'Run `chmod go-w ~/Library/LaunchAgents` and try again.',
  },
  124: { meaning: 'the session is ending', kind: 'draining' },
  // "Domain does not support specified action": over SSH, with nobody logged in at the screen, there is no gui domain.
  125: noSession,
  134: noSession,
  // Background Task Management: switched off in System Settings, or by an administrator's profile.
  161: { meaning: 'System Settings forbid it to run in the background', hint: switchOn },
};

/** Undefined for a command that a signal ended. */
const outcomeOf = ({ exitCode }: Executed): Outcome | undefined =>
  exitCode === undefined ? undefined : outcomes[exitCode];

const meaningOf = (code: number): string | undefined => outcomes[code]?.meaning;

/** What `launchctl print` prints of a service, as far as its words have been the same from macOS 10.15 to 26. */
export interface Job {
  /** `running`, `not running`, `spawn scheduled`, … */
  readonly state: string | undefined;
  readonly pid: number | undefined;
  readonly runs: number | undefined;
  /** Undefined if it has never exited, and after a signal ended it. */
  readonly lastExitCode: number | undefined;
  /** Such as `Killed: 9`; launchd prints it in the place of the exit code. */
  readonly lastSignal: string | undefined;
}

/**
 * Only the service's own lines count: its coalitions, endpoints and sockets are blocks with a `state` of their own. Apple
 * promises no form for this output, so nothing is required of it.
 */
export function readJob(printed: string): Job {
  const own = ownLines(printed);
  return {
    state: own.get('state'),
    pid: wholeNumber(own.get('pid')),
    runs: wholeNumber(own.get('runs')),
    // `0`, `(never exited)`, or a number of sysexits(3) with its name: `78: EX_CONFIG`.
    lastExitCode: wholeNumber(own.get('last exit code')),
    lastSignal: own.get('last terminating signal'),
  };
}

/** What `launchctl print` prints of where a service came from and what it runs. */
export interface PrintedDefinition {
  /** Of the property list. */
  readonly path: string | undefined;
  readonly program: string | undefined;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** As {@link readJob}, of what does not change while it is loaded. */
export function readDefinitionOf(printed: string): PrintedDefinition {
  const own = ownLines(printed);
  const variables = blockOf(printed, 'environment').flatMap((line) => {
    const [, name, value] = /^(.+?) => (.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return {
    path: own.get('path'),
    program: own.get('program'),
    arguments: blockOf(printed, 'arguments'),
    environment: Object.fromEntries(variables),
  };
}

/** The lines of a block of the service's own. */
function blockOf(printed: string, name: string): string[] {
  const [, content = ''] =
    new RegExp(`^\\t${name} = \\{\\n((?:\\t\\t.*\\n)*)\\t\\}`, 'mu').exec(printed) ?? [];
  return content
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(2));
}

function ownLines(printed: string): Map<string, string> {
  const own = new Map<string, string>();
  let depth = 0;
  for (const line of printed.split('\n')) {
    const text = line.trim();
    if (text.endsWith('{')) {
      depth += 1;
    } else if (text === '}') {
      depth -= 1;
    } else if (depth === 1) {
      const [, name, value] = /^([^=]+?) = (.*)$/.exec(text) ?? [];
      if (name !== undefined && value !== undefined) {
        own.set(name, value);
      }
    }
  }
  return own;
}

function wholeNumber(text: string | undefined): number | undefined {
  const [digits] = /^\d+\b/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** How it failed, as the end of a sentence; undefined where it runs, never ran, or ended normally. */
export function failureOf({ pid, lastExitCode, lastSignal }: Job): string | undefined {
  if (pid !== undefined) {
    return undefined;
  }
  if (lastSignal !== undefined) {
    return `was ended by a signal (${lastSignal})`;
  }
  // 78 is launchd's own EX_CONFIG: the program is not there, or its output file cannot be opened.
  return lastExitCode === undefined || lastExitCode === 0
    ? undefined
    : lastExitCode === 78
      ? 'could not be started by launchd (exit code 78)'
      : `ended with exit code ${lastExitCode}`;
}

export type Loaded =
  | { readonly kind: 'loaded'; readonly job: Job }
  | { readonly kind: 'not-loaded' }
  | { readonly kind: 'no-session' };

export class Launchctl {
  /** The domain of the user who is logged in at the screen. */
  readonly domain: string;
  readonly target: string;
  readonly #label: string;
  readonly #steps: Steps;

  constructor(steps: Steps, userId: number, label: string) {
    this.#steps = steps;
    this.#label = label;
    this.domain = `gui/${userId}`;
    this.target = `${this.domain}/${label}`;
  }

  async print(): Promise<Loaded> {
    const executed = await this.#ask(['print', this.target]);
    if (executed.exitCode === 0) {
      return { kind: 'loaded', job: readJob(executed.stdout) };
    }
    const kind = outcomeOf(executed)?.kind;
    if (kind === 'not-loaded' || kind === 'no-session') {
      return { kind };
    }
    throw refusal('report the state of the service', executed);
  }

  /**
   * Whether the label is in the store of disabled services, which `launchctl disable` and System Settings write. From macOS
   * 13 on its values are `disabled` and `enabled`, before that `true` and `false`.
   */
  async isDisabled(): Promise<boolean> {
    const executed = await this.#ask(['print-disabled', this.domain]);
    const line = executed.stdout.split('\n').find((each) => each.includes(`"${this.#label}"`));
    return line !== undefined && /=>\s*(?:disabled|true)\b/.test(line);
  }

  async enable(): Promise<void> {
    const executed = await this.#change(['enable', this.target]);
    // Without a session there is nothing to enable, and bootstrap says so next.
    if (executed.exitCode !== 0 && outcomeOf(executed)?.kind !== 'no-session') {
      throw refusal('enable the service', executed);
    }
  }

  /**
   * Loads the property list at `path`. A label that still drains after a bootout answers with 5, so that one is tried again
   * for a while. Without a session at the screen nothing is loaded, and that is no error.
   */
  async bootstrap(path: string): Promise<'loaded' | 'no-session'> {
    const attempt = (): Promise<Executed> => this.#change(['bootstrap', this.domain, path]);
    let executed = await attempt();
    for (let pauses = 0; outcomeOf(executed)?.kind === 'draining' && pauses < 4; pauses += 1) {
      await this.#steps.pause(1);
      executed = await attempt();
    }
    const kind = executed.exitCode === 0 ? 'loaded' : outcomeOf(executed)?.kind;
    if (kind === 'loaded' || kind === 'no-session') {
      return kind;
    }
    throw refusal('load the service', executed);
  }

  /**
   * Ends and unloads it, and waits until it is gone: bootout returns before the process has ended, and until then the label
   * cannot be loaded again. Does nothing where it is not loaded.
   */
  async bootout(secondsToEnd: number): Promise<void> {
    const executed = await this.#change(['bootout', this.target]);
    const kind = outcomeOf(executed)?.kind;
    if (kind === 'not-loaded' || kind === 'no-session') {
      return;
    }
    if (executed.exitCode !== 0 && kind !== 'draining') {
      throw refusal('unload the service', executed);
    }
    const isGone = await this.#steps.wait(
      'the daemon to end and launchd to forget it',
      async () => (await this.print()).kind !== 'loaded',
      secondsToEnd + 5,
    );
    if (!isGone) {
      throw executed.exitCode === 5
        ? refusal('unload the service', executed)
        : new TidemarkError('service', `launchd has not unloaded the service within ${secondsToEnd + 5} s.`, {
            hint: 'Try again; `launchctl print` and Console show what launchd is doing.',
          });
    }
  }

  /** Starts it now if it does not run; with `restart` a running one is ended by SIGTERM first, without being unloaded. */
  async kickstart({ restart }: { readonly restart: boolean }): Promise<void> {
    const executed = await this.#change(['kickstart', ...(restart ? ['-k'] : []), this.target]);
    if (executed.exitCode !== 0 && outcomeOf(executed)?.kind !== 'loaded') {
      throw refusal('start the service', executed);
    }
  }

  async #ask(words: readonly string[]): Promise<Executed> {
    return present(await this.#steps.ask(['launchctl', ...words], meaningOf));
  }

  async #change(words: readonly string[]): Promise<Executed> {
    return present(await this.#steps.change(['launchctl', ...words], meaningOf));
  }
}

function present(executed: Executed | undefined): Executed {
  if (executed === undefined) {
    throw new TidemarkError('service', 'launchctl cannot be run.', {
      hint: 'It is in /bin on every Mac; check that PATH includes /bin.',
    });
  }
  return executed;
}

function refusal(what: string, executed: Executed): TidemarkError {
  const { exitCode } = executed;
  const outcome = outcomeOf(executed);
  const [said = ''] = executed.stderr.trim().split('\n');
  const fallback = exitCode === undefined ? 'launchctl did not end' : 'launchctl failed';
  const details = [
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(said === '' ? [] : [`“${said.replace(/\.$/, '')}”`]),
  ];
  return new TidemarkError(
    'service',
    `launchd did not ${what}: ${outcome?.meaning ?? fallback}${details.length === 0 ? '' : ` (${details.join(', ')})`}.`,
    { hint: outcome?.hint ?? 'Try again; Console shows what launchd says.' },
  );
}
