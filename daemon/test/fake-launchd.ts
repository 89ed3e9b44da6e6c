/** A launchd of our own for tests on any system: the states, outputs and exit codes that launchctl(1) and real Macs show. */

import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'plist';
import { printedJob } from './fake-launchd-job.ts';
import type { Job } from './fake-launchd-job.ts';
import { isAlive } from './processes.ts';
import type { Executed } from '../src/service/system.ts';

const errors: Readonly<Record<number, string>> = {
  3: 'No such process',
  5: 'Input/output error',
  36: 'Operation now in progress',
  37: 'Operation already in progress',
  112: 'Could not find specified domain',
  113: 'Could not find specified service',
  119: 'Service is disabled',
  122: 'Path had bad ownership/permissions',
  125: 'Domain does not support specified action',
};

class Failure extends Error {
  readonly code: number;

  constructor(code: number, what: string) {
    super(code === 64 || code === 113 ? what : `${what}: ${code}: ${errors[code] ?? 'Unknown error'}`);
    this.code = code;
  }
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

const pause = (milliseconds: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/**
 * The gui domain of one user. It runs the programs of what is loaded. All that it knows is in a folder, so that several
 * processes may act on one after the other.
 *
 * Files of that folder, besides its own: `no-session` makes it answer as over SSH, `refuse-VERB` holds the exit codes that the
 * verb has next, one a line, and `slow-bootout` is for how many milliseconds a bootout goes on after it returned.
 */
export class FakeLaunchd {
  readonly #folder: string;
  readonly #userId: number;
  readonly #home: string;
  readonly #domain: string;
  #output = '';

  constructor(folder: string, userId: number, home: string) {
    this.#folder = folder;
    this.#userId = userId;
    this.#home = home;
    this.#domain = `gui/${userId}`;
  }

  /** What launchctl would do and say, called with these words. */
  run(words: readonly string[]): Executed {
    this.#output = '';
    try {
      this.#act(words);
      return { exitCode: 0, stdout: this.#output, stderr: '' };
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      const advice = error.code === 5 ? 'Try re-running the command as root for richer errors.\n' : '';
      return { exitCode: error.code, stdout: '', stderr: `${error.message}\n${advice}` };
    }
  }

  #at(...names: readonly string[]): string {
    return join(this.#folder, ...names);
  }

  #say(text: string): void {
    this.#output += text;
  }

  #act([verb = '', ...rest]: readonly string[]): void {
    appendFileSync(this.#at('calls'), `${[verb, ...rest].join(' ')}\n`);
    this.#settle();
    this.#refuseOnce(verb);
    switch (verb) {
      case 'print':
        this.#print(this.#labelOf(rest[0]));
        break;
      case 'print-disabled':
        this.#printDisabled();
        break;
      case 'enable':
        this.#requireSession('Could not enable service');
        rmSync(this.#at('disabled', this.#labelOf(rest[0])), { force: true });
        break;
      case 'disable':
        mkdirSync(this.#at('disabled'), { recursive: true });
        writeFileSync(this.#at('disabled', this.#labelOf(rest[0])), '');
        break;
      case 'bootstrap':
        this.#bootstrap(rest[0], rest[1]);
        break;
      case 'bootout':
        this.#bootout(this.#labelOf(rest[0]));
        break;
      case 'kickstart':
        this.#kickstart(rest);
        break;
      default:
        throw new Failure(64, `Unrecognized subcommand: ${verb}`);
    }
  }

  #refuseOnce(verb: string): void {
    const [code, ...later] = read(this.#at(`refuse-${verb}`))
      .split('\n')
      .filter((line) => line !== '');
    if (code !== undefined) {
      writeFileSync(this.#at(`refuse-${verb}`), later.join('\n'));
      throw new Failure(Number(code), `${verb} failed`);
    }
  }

  #labelOf(target = ''): string {
    const prefix = `${this.#domain}/`;
    if (!target.startsWith(prefix) || target === prefix) {
      throw new Failure(64, 'Unrecognized target specifier.');
    }
    return target.slice(prefix.length);
  }

  #hasSession(): boolean {
    return !existsSync(this.#at('no-session'));
  }

  #requireSession(what: string): void {
    if (!this.#hasSession()) {
      throw new Failure(125, what);
    }
  }

  #jobOf(label: string): Job | undefined {
    const text = read(this.#at('jobs', label));
    return text === '' ? undefined : (JSON.parse(text) as Job);
  }

  #keep(job: Job): void {
    mkdirSync(this.#at('jobs'), { recursive: true });
    writeFileSync(this.#at('jobs', job.label), JSON.stringify(job));
  }

  /** What launchd would have done since the last call: noticed ends, started again, forgotten what was booted out. */
  #settle(): void {
    for (const label of existsSync(this.#at('jobs')) ? readdirSync(this.#at('jobs')) : []) {
      const job = this.#jobOf(label);
      if (job === undefined) {
        continue;
      }
      if (job.pid !== undefined && !isAlive(job.pid)) {
        this.#noteEnd(job);
      }
      if (job.goneAt !== undefined && job.pid === undefined && Date.now() >= job.goneAt) {
        rmSync(this.#at('jobs', label));
        continue;
      }
      if (job.goneAt === undefined && job.respawnAt !== undefined && Date.now() >= job.respawnAt) {
        this.#start(job);
      }
      this.#keep(job);
    }
  }

  #noteEnd(job: Job): void {
    // The shell that waited for it: 128 and the signal's number, where there was one.
    const exitFile = this.#at(`${job.label}.${job.pid ?? 0}.exit`);
    for (let tries = 0; tries < 200 && read(exitFile) === ''; tries += 1) {
      pause(5);
    }
    const status = Number(read(exitFile));
    job.pid = undefined;
    const isSignal = status > 128 && status < 160;
    job.lastExit = String(status);
    job.lastSignal = isSignal ? `${status === 137 ? 'Killed' : 'Terminated'}: ${status - 128}` : undefined;
    const keepAlive = job.list['KeepAlive'] as boolean | { SuccessfulExit?: boolean } | undefined;
    const again =
      keepAlive === true ||
      (typeof keepAlive === 'object' &&
        keepAlive.SuccessfulExit !== undefined &&
        keepAlive.SuccessfulExit === (status === 0));
    job.respawnAt = again ? Date.now() + throttleMilliseconds(job) : undefined;
  }

  #start(job: Job): void {
    job.respawnAt = undefined;
    job.runs += 1;
    const program = job.list['ProgramArguments'] as readonly string[];
    const output = (job.list['StandardOutPath'] as string | undefined) ?? '/dev/null';
    rmSync(this.#at(`${job.label}.pid`), { force: true });
    if (!existsSync(program[0] ?? '') || !existsSync(join(output, '..'))) {
      job.lastExit = '78: EX_CONFIG';
      job.lastSignal = undefined;
      job.respawnAt = Date.now() + throttleMilliseconds(job);
      return;
    }
    const limit =
      (job.list['SoftResourceLimits'] as { NumberOfFiles?: number } | undefined)?.NumberOfFiles ?? 256;
    const script = `umask ${Number(job.list['Umask'] ?? 0o022).toString(8)}; ulimit -S -n ${limit}; "$@" >>"$OUT" 2>&1 & echo $! >"$STATE.pid"; wait $!; echo $? >"$STATE.$!.exit"`;
    const environment = job.list['EnvironmentVariables'] as Record<string, string> | undefined;
    const shell = spawn('/bin/sh', ['-c', script, 'sh', ...program], {
      cwd: '/',
      detached: true,
      stdio: 'ignore',
      // launchd hands on nothing of who called launchctl. On any other system than a Mac, the program has to be told where a
      // Mac would have its data.
      env: {
        HOME: this.#home,
        TIDEMARK_HOME: join(this.#home, 'Library', 'Application Support', 'Tidemark'),
        ...environment,
        OUT: output,
        STATE: this.#at(job.label),
      },
    });
    shell.unref();
    for (let tries = 0; tries < 200 && read(this.#at(`${job.label}.pid`)) === ''; tries += 1) {
      pause(10);
    }
    job.pid = Number(read(this.#at(`${job.label}.pid`)));
  }

  #bootstrap(where = '', path = ''): void {
    if (where !== this.#domain) {
      throw new Failure(64, 'Unrecognized target specifier.');
    }
    this.#requireSession('Bootstrap failed');
    const list = listAt(path);
    const label = typeof list?.['Label'] === 'string' ? list['Label'] : '';
    if (list === undefined || label === '' || !Array.isArray(list['ProgramArguments'])) {
      throw new Failure(5, 'Bootstrap failed');
    }
    if ((statSync(path).mode & 0o022) !== 0) {
      throw new Failure(122, path);
    }
    if (existsSync(this.#at('disabled', label))) {
      throw new Failure(119, 'Bootstrap failed');
    }
    const known = this.#jobOf(label);
    if (known !== undefined) {
      // A label that drains is refused with an error that says nothing; one that is there, as being there.
      throw new Failure(known.goneAt === undefined ? 37 : 5, 'Bootstrap failed');
    }
    const job: Job = {
      label,
      path,
      list,
      runs: 0,
      pid: undefined,
      lastExit: '(never exited)',
      lastSignal: undefined,
      respawnAt: undefined,
      goneAt: undefined,
    };
    if (list['RunAtLoad'] === true) {
      this.#start(job);
    }
    this.#keep(job);
  }

  #bootout(label: string): void {
    this.#requireSession('Boot-out failed');
    const job = this.#jobOf(label);
    if (job === undefined) {
      throw new Failure(3, 'Boot-out failed');
    }
    if (job.goneAt !== undefined) {
      throw new Failure(36, 'Boot-out failed');
    }
    job.goneAt = Date.now() + Number(read(this.#at('slow-bootout')) || '0');
    terminate(job.pid);
    this.#keep(job);
    this.#settle();
  }

  #kickstart(words: readonly string[]): void {
    const kills = words[0] === '-k';
    const label = this.#labelOf(words.at(-1));
    const job = this.#jobOf(label);
    this.#requireSession('Could not kickstart service');
    if (job === undefined) {
      throw new Failure(113, `Could not kickstart service "${label}"`);
    }
    if (job.pid !== undefined && !kills) {
      throw new Failure(37, `Could not kickstart service "${label}"`);
    }
    if (job.pid !== undefined) {
      terminate(job.pid);
      for (let tries = 0; tries < 500 && isAlive(job.pid); tries += 1) {
        pause(10);
      }
      this.#noteEnd(job);
    }
    // kickstart does not shorten a respawn that is held back.
    if (job.respawnAt === undefined || kills) {
      this.#start(job);
    }
    this.#keep(job);
  }

  #printDisabled(): void {
    const labels = existsSync(this.#at('disabled')) ? readdirSync(this.#at('disabled')) : [];
    const lines = ['com.example.other', ...labels].map(
      (label) => `\t\t"${label}" => ${label === 'com.example.other' ? 'enabled' : 'disabled'}`,
    );
    this.#say(`\tdisabled services = {\n${lines.join('\n')}\n\t}\n`);
  }

  #print(label: string): void {
    if (!this.#hasSession()) {
      throw new Failure(125, 'Could not print service');
    }
    const job = this.#jobOf(label);
    if (job === undefined) {
      throw new Failure(
        113,
        `Bad request.\nCould not find service "${label}" in domain for user gui: ${this.#userId}`,
      );
    }
    this.#say(printedJob(job, this.#domain));
  }
}

/** A second of launchd's is a twentieth of ours. */
const throttleMilliseconds = (job: Job): number => Number(job.list['ThrottleInterval'] ?? 10) * 50;

function listAt(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function terminate(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      process.kill(pid, 'SIGTERM');
    }
  } catch {
    // It has ended by itself.
  }
}

// Run as a program, it is the launchctl that is first on a test's PATH.
if (process.argv[1] === import.meta.filename) {
  const { FAKE_LAUNCHD: folder = '', FAKE_UID: userId = '501', HOME: home = '' } = process.env;
  const { exitCode, stdout, stderr } = new FakeLaunchd(folder, Number(userId), home).run(
    process.argv.slice(2),
  );
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
