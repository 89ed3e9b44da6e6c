/** A home folder of a test's own, with what a state needs in it: a `tidemark` command, a service, a daemon's note. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'tm-home-'));
  readonly #before = process.env['HOME'];

  constructor() {
    process.env['HOME'] = this.path;
  }

  /** A data folder in which nothing is. */
  get dataFolder(): string {
    return join(this.path, 'data');
  }

  /** A `tidemark` that writes down how it is called, then does what the shell code says; its path. */
  tidemark(shellCode = 'echo "{}"'): string {
    const path = join(this.path, 'bin', 'tidemark');
    mkdirSync(join(this.path, 'bin'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "$@" >> "${this.path}/calls"\n${shellCode}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** The arguments of each call of the `tidemark` above. */
  get calls(): string[] {
    try {
      return readFileSync(join(this.path, 'calls'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  }

  /** As `tidemark service install` leaves it, for either platform. */
  installService(): void {
    for (const [folder, file] of [
      ['Library/LaunchAgents', 'dev.tidemark.daemon.plist'],
      ['.config/systemd/user', 'tidemark.service'],
    ] as const) {
      mkdirSync(join(this.path, folder), { recursive: true });
      writeFileSync(join(this.path, folder, file), '');
    }
  }

  /** As a daemon leaves it that has begun and does not listen yet. */
  noteDaemon(pid = process.pid): void {
    mkdirSync(join(this.dataFolder, 'run'), { recursive: true });
    writeFileSync(
      join(this.dataFolder, 'run', 'daemon.json'),
      JSON.stringify({ pid, startedAt: new Date().toISOString() }),
    );
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) {
      delete process.env['HOME'];
    } else {
      process.env['HOME'] = this.#before;
    }
    // A program that a test's command started may still write its last line there.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
