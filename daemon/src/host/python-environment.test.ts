/** Finding a Python and making an environment in it, with interpreters that are scripts: what each misfortune says. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { ensureEnvironment, findPython, installedPython, resolveEngine } from './python-environment.ts';
import type { InstallStep } from './python-environment.ts';

function program(path: string, body: string): string {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A Python that is asked for its version and for environments, and does as the test says. */
const python = (folder: string, { version = '3.12.1', venv = 'exit 0' } = {}): string =>
  program(
    join(folder, 'python3'),
    `case "$1" in -c) echo ${version};; -m) shift; if [ "$1" = venv ]; then ${venv}; fi;; esac`,
  );

/** A venv that has pip as a program that notes its calls beside it. */
const making = (pip: string): string =>
  `mkdir -p "$2/bin" && printf '#!/bin/sh\\necho called >> "$0.calls"\\n${pip}\\n' > "$2/bin/python" && chmod +x "$2/bin/python"`;

const refusedBy =
  (message: RegExp, hint: RegExp, code = 'python') =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };

/** The PATH of this process, for as long as the test lasts. */
function onlyIn(context: TestContext, folder: string): void {
  const { PATH: before } = process.env;
  process.env['PATH'] = `${folder}:/usr/bin:/bin`;
  context.after(() => (process.env['PATH'] = before));
}

function environmentIn(folder: string) {
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, 'one==1\ntwo==2\n');
  return { name: 'mlx-audio', requirements, folder: join(folder, 'python', 'mlx-audio') };
}

test('a machine without Python, one whose Python is too old, and a program that is none are told apart', async (context) => {
  const empty = temporaryFolder(context);
  await assert.rejects(
    findPython({ PATH: empty }),
    refusedBy(
      /^There is no Python on this machine, or none that is in the PATH\.$/,
      /Install Python 3\.11 or later/,
    ),
  );
  const folder = temporaryFolder(context);
  const old = python(folder, { version: '3.9.6' });
  await assert.rejects(
    findPython({ PATH: folder }),
    refusedBy(/too old for mlx-audio: .*python3 is Python 3\.9\.6, and 3\.11 is needed/, /--python/),
  );
  program(join(folder, 'python3.13'), 'echo 3.13.2');
  assert.equal(await findPython({ PATH: folder }), join(folder, 'python3.13'));
  program(old, 'echo Hello; exit 0');
  assert.equal(await findPython({ PATH: folder }), join(folder, 'python3.13'));
});

test('a Python without its venv module says what to install', async (context) => {
  for (const words of [
    'echo "/usr/bin/python3: No module named venv" >&2; exit 1',
    'echo "The virtual environment was not created successfully because ensurepip is not available."; echo "Failing command: python3"; exit 1',
  ]) {
    const folder = temporaryFolder(context);
    python(folder, { venv: words });
    onlyIn(context, folder);
    await assert.rejects(
      ensureEnvironment(environmentIn(folder)),
      refusedBy(/cannot make environments: its venv module is missing\.$/, /apt install python3-venv/),
    );
  }
});

test('packages that cannot be installed say why, and the next attempt begins anew', async (context) => {
  const folder = temporaryFolder(context);
  onlyIn(context, folder);
  python(folder, { venv: making('echo "ERROR: no address for the index" >&2; exit 1') });
  const environment = environmentIn(folder);
  await assert.rejects(
    ensureEnvironment(environment),
    refusedBy(
      /^The Python packages of mlx-audio could not be installed: no address for the index\.?$/,
      /network/,
      'network',
    ),
  );
  assert.equal(await installedPython(environment), undefined);
  writeFileSync(join(environment.folder, 'left over'), '');
  python(folder, { venv: making('echo Collecting one==1; echo Collecting two==2') });
  const steps: InstallStep[] = [];
  const made = await ensureEnvironment(environment, { onStep: (step) => steps.push(step) });
  assert.equal(made, join(environment.folder, 'bin', 'python'));
  assert.ok(!existsSync(join(environment.folder, 'left over')));
  assert.match(steps[0]?.message ?? '', /mlx-audio in .*, about \d+ MB on the disk/);
  assert.deepEqual(
    steps.map(({ done, of }) => `${done}/${of}`),
    ['0/2', '1/2', '1/2', '2/2'],
  );
});

test('an environment that is there is used as it is, and made anew when its pins or its Python are others', async (context) => {
  const folder = temporaryFolder(context);
  onlyIn(context, folder);
  python(folder, { venv: making('exit 0') });
  const environment = environmentIn(folder);
  const made = await ensureEnvironment(environment);
  const calls = (): number => readFileSync(`${made}.calls`, 'utf8').split('\n').length - 1;
  assert.equal(await ensureEnvironment(environment), made);
  assert.equal(calls(), 1);
  writeFileSync(join(environment.folder, 'of the first'), '');
  writeFileSync(environment.requirements, 'one==2\n');
  assert.equal(await installedPython(environment), undefined);
  await ensureEnvironment(environment);
  assert.ok(!existsSync(join(environment.folder, 'of the first')));
  // The Python that it was made from has gone: a link that leads nowhere.
  chmodSync(made, 0o644);
  assert.equal(await installedPython(environment), undefined);
  await Promise.all([ensureEnvironment(environment), ensureEnvironment(environment)]);
  assert.equal(calls(), 1);
});

test('an installation that is canceled leaves nothing that counts as installed', async (context) => {
  const folder = temporaryFolder(context);
  onlyIn(context, folder);
  python(folder, { venv: making('sleep 60') });
  const environment = environmentIn(folder);
  const controller = new AbortController();
  const made = ensureEnvironment(environment, { signal: controller.signal });
  setTimeout(() => controller.abort(new TidemarkError('interrupted', 'Canceled.')), 200);
  await assert.rejects(
    made,
    (error: unknown) => error instanceof TidemarkError && error.code === 'interrupted',
  );
  assert.equal(await installedPython(environment), undefined);
});

test('a Python that is named is used as it is, and one that is not there is said', async (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'bin'));
  const own = program(join(folder, 'bin', 'python'), 'exit 0');
  assert.deepEqual(await resolveEngine({ engine: 'mlx-audio', python: own }, { dataFolder: folder }), {
    name: 'mlx-audio',
    python: own,
    isOwn: false,
  });
  await assert.rejects(
    resolveEngine({ engine: 'mlx-audio', python: join(folder, 'nothing') }, { dataFolder: folder }),
    refusedBy(/^There is no program at .*nothing\.$/, /leave out --python/),
  );
  assert.equal(await resolveEngine({}, { dataFolder: folder }), undefined);
  assert.equal(await resolveEngine({ engine: 'tidemark' }, { dataFolder: folder }), undefined);
});
