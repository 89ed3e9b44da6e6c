/** The scripts of a bug report for MLX: they compile, and where Python has MLX they show what the report says. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildFolder } from '../../../paths.ts';

const file = (name: string): string => join(import.meta.dirname, name);

/** The first Python that has MLX: the one that a person names, that of a benchmark, or the machine's own. */
const python = [process.env['PYTHON'], join(buildFolder, 'bench', 'venv', 'bin', 'python'), 'python3']
  .filter((each) => each !== undefined && (!each.includes('/') || existsSync(each)))
  .find((each = '') => spawnSync(each, ['-c', 'import mlx.core'], { stdio: 'ignore' }).status === 0);

const withMlx = python === undefined ? { skip: 'no Python here has MLX' } : {};

function run(name: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python ?? '', [file(name), ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('the scripts are Python', () => {
  for (const name of ['evaluation-order.py', 'leak.py']) {
    const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])';
    const { status, stderr } = spawnSync('python3', ['-c', check, file(name)], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
});

test('MLX’s own order peaks at more than twice the narrow one, and depth first lower still', withMlx, () => {
  const lines = run('evaluation-order.py').trim().split('\n').slice(1);
  const figures = lines.map((line) => /^(.*?) +([\d.]+) MB +([\d.]+) arrays +sum (.*)$/.exec(line) ?? []);
  const [own = 0, narrow = 0, wide = 0, parts = 0] = figures.map(([, , megabytes]) => Number(megabytes));
  assert.equal(figures.length, 4);
  assert.equal(own, wide);
  assert.ok(narrow > 0 && own > 2 * narrow, lines.join('\n'));
  assert.ok(parts > 0 && parts < narrow, lines.join('\n'));
  assert.equal(new Set(figures.map(([, , , , sum]) => sum)).size, 1);
});

test('the loop for a leak is constant, and grows where an array is kept', withMlx, () => {
  assert.match(run('leak.py'), /^iteration 15 +active .*\nActive memory is constant\.$/m);
  assert.match(run('leak.py', '--keep'), /^Active memory grows by (4|16) B an iteration\.$/m);
});
