/** A Mac of a temporary folder, for the service: a home, a user, and a launchd. */

import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repositoryRoot } from '../src/paths.ts';
import { execute } from '../src/service/system.ts';
import type { Executed, Greeting, ServiceSystem } from '../src/service/system.ts';
import { FakeLaunchd } from './fake-launchd.ts';
import { isAlive, until } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const testFolder = join(repositoryRoot, 'daemon', 'test');

export class FakeMac implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly home = join(this.folder, 'home');
  /** The state of the fake launchd; what may be put there, its file says. */
  readonly launchd = join(this.folder, 'launchd');
  readonly dataFolder = join(this.home, 'Library', 'Application Support', 'Tidemark');
  readonly plistPath = join(this.home, 'Library', 'LaunchAgents', 'dev.tidemark.daemon.plist');
  readonly environment: NodeJS.ProcessEnv;
  readonly system: ServiceSystem;

  constructor(changes: Partial<ServiceSystem> = {}) {
    const bin = join(this.folder, 'bin');
    for (const path of [bin, this.launchd, this.dataFolder]) {
      mkdirSync(path, { recursive: true });
    }
    putCommand(join(bin, 'launchctl'), join(testFolder, 'fake-launchd.ts'));
    this.environment = {
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
      HOME: this.home,
      FAKE_LAUNCHD: this.launchd,
      FAKE_UID: '501',
    };
    this.system = {
      platform: 'darwin',
      userId: 501,
      home: this.home,
      environment: this.environment,
      program: [process.execPath, join(testFolder, 'little-daemon.ts'), 'daemon'],
      version: '0.1.0',
      execute: (words) => Promise.resolve(this.#launchctl(words)),
      greet: greetLittle,
      sleep: (milliseconds) => delay(milliseconds / 4),
      ...changes,
    };
  }

  /** Puts a file where the fake launchd or the little daemon looks for it. */
  put(folder: 'launchd' | 'dataFolder', name: string, content = ''): void {
    writeFileSync(join(this[folder], name), content);
  }

  /** What launchctl was called with, one line a call. */
  calls(): string[] {
    const path = join(this.launchd, 'calls');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }

  /** The commands that change something. */
  changes(): string[] {
    return this.calls().filter((call) => !call.startsWith('print'));
  }

  /** What a person does in another terminal. */
  launchctl(...words: readonly string[]): Executed {
    return new FakeLaunchd(this.launchd, this.system.userId, this.home).run(words);
  }

  /** The same machine with launchctl as a command of its own, as it is on a Mac; slower by a process for each call. */
  get throughCommands(): ServiceSystem {
    return { ...this.system, execute: (words) => execute(words, this.environment) };
  }

  #launchctl([name, ...words]: readonly string[]): Executed | undefined {
    return name === 'launchctl' ? this.launchctl(...words) : undefined;
  }

  output(): string {
    return readFileSync(join(this.dataFolder, 'logs', 'output.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const jobs = join(this.launchd, 'jobs');
    for (const name of existsSync(jobs) ? readdirSync(jobs) : []) {
      const { pid } = JSON.parse(readFileSync(join(jobs, name), 'utf8')) as { pid?: number };
      if (pid !== undefined && isAlive(pid)) {
        process.kill(pid, 'SIGKILL');
        await until(() => !isAlive(pid), `process ${pid} ends`);
      }
    }
  }
}

/** A command that runs a TypeScript file, whatever Node is on PATH. */
function putCommand(path: string, entry: string): void {
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${entry}" "$@"\n`);
  chmodSync(path, 0o755);
}

/** Asks a little daemon who it is. */
function greetLittle(socketPath: string): Promise<Greeting | undefined> {
  const { promise, resolve } = Promise.withResolvers<Greeting | undefined>();
  let text = '';
  const socket = connect(socketPath);
  socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Greeting)));
  return promise;
}
