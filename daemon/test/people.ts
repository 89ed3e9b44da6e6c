/** Two people on one machine, neither of them root, for tests of what one of them can do to the other. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { cliEntry } from './cli.ts';
import type { Finished } from './cli.ts';
import { until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

export const victim = 64_001;
export const stranger = 64_002;

/** Why two people cannot be played here; false where they can. */
export const skip = ((): string | false => {
  if (process.geteuid?.() !== 0 || process.platform !== 'linux') {
    return 'it takes root on Linux to be two other users';
  }
  const { status } = spawnSync(process.execPath, [cliEntry, '--version'], { uid: victim, gid: victim });
  return status === 0 ? false : 'other users cannot run this Node, or read this checkout';
})();

/** What the victim has said; nobody else may read it anywhere. */
export const secret = 'abcabcaabbcc';

/** A folder of somebody else's, as homes are: others may enter it. */
export function homeOf(uid: number, mode = 0o755): string {
  const home = temporaryFolder();
  chownSync(home, uid, uid);
  chmodSync(home, mode);
  return home;
}

/** A home with a tiny model in it. */
export function homeWithModel(): { readonly home: string; readonly model: string } {
  const home = homeOf(victim);
  const model = join(home, 'tiny');
  writeTinyKokoro(model);
  spawnSync('chown', ['-R', `${victim}:${victim}`, home]);
  return { home, model };
}

/** Runs `tidemark` as somebody, with an umask. */
export class Person {
  readonly uid: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly #umask: string;

  constructor(uid: number, environment: Readonly<Record<string, string>>, umask = '022') {
    this.uid = uid;
    this.environment = { TIDEMARK_HOME: '', XDG_DATA_HOME: '', ...environment };
    this.#umask = umask;
  }

  start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(
      '/bin/sh',
      ['-c', 'umask "$0"; exec "$@"', this.#umask, process.execPath, cliEntry, ...words],
      {
        cwd: '/',
        uid: this.uid,
        gid: this.uid,
        env: { ...process.env, NO_COLOR: '1', ...this.environment, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    after(() => child.kill('SIGKILL'));
    return child;
  }

  async run(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Omit<Finished, 'signal'>> {
    const child = this.start(words, environment);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  }

  /** Runs what must succeed. */
  async do(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Starts the daemon, and waits until it listens. */
  async daemon(folder: string): Promise<ChildProcess> {
    const child = this.start(['daemon']);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(() => child.exitCode !== null || existsSync(socketPathOf(folder)), 'it listens', 60);
    assert.equal(child.exitCode, null, said);
    return child;
  }
}

export const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.on('exit', resolve));

export const profile = (model: string): string[] => [
  'profile',
  model,
  '--voice',
  'af_tiny',
  '--phonemes',
  secret,
  '--iterations',
  '2',
  '--warmup',
  '1',
];

export const everythingIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));

/** What in a folder is open to others, or closed to its owner: `0644 runs/x`. */
export const openIn = (folder: string): string[] =>
  [folder, ...everythingIn(folder)].flatMap((path) => {
    const found = lstatSync(path);
    const wanted = found.isDirectory() ? 0o700 : 0o600;
    return found.isSymbolicLink() || (found.mode & 0o7777) === wanted
      ? []
      : [`${(found.mode & 0o7777).toString(8)} ${path}`];
  });
