/** Real checkpoints made from real ones: the recipes' own bytes, and nothing half-made whatever happens to a process. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { temporaryFolder } from './temporary-folder.ts';
import { hashFiles } from '../src/models/packaged.ts';
import { startCli } from './cli.ts';
import { until } from './processes.ts';
import { testHome, testModelFolder } from './test-models.ts';

const folder = temporaryFolder();

let home: string;
before(async () => {
  home = await testHome('bf16', '4bit-bf16', '4bit-fp32');
});

const start = (words: readonly string[]) =>
  startCli(['requantize', ...words], { environment: { TIDEMARK_HOME: home } });
const out = (name: string): string => join(folder, name);
const left = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.'));

/** By name, the bytes of a safetensors file's tensors. */
function tensorBytes(path: string): Map<string, Buffer> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { readonly data_offsets: readonly [number, number] }
  >;
  delete header['__metadata__'];
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [name, file.subarray(start + from, start + to)],
    ),
  );
}

test('the bf16 model at 4 bits is the catalogue’s, to the byte of the file', async () => {
  const { code, stderr } = await start(['bf16', '--bits', '4', '--out', out('packed')]).finished;
  assert.equal(code, 0, stderr);
  const expected = join(await testModelFolder('4bit-bf16'), 'model.safetensors');
  assert.equal(await hashFiles([join(out('packed'), 'model.safetensors')]), await hashFiles([expected]));
  assert.equal(readdirSync(join(out('packed'), 'voices')).length, 54);
});

test('the remedy for a float32 rest halves it and keeps every packed weight', async () => {
  const { code, stdout, stderr } = await start([
    ...['4bit-fp32', '--rest', 'bf16', '--out', out('cast'), '--json'],
  ]).finished;
  assert.equal(code, 0, stderr);
  const document = JSON.parse(stdout) as { result: { tensorBytes: number }; modules: { kept: number } };
  // 144,621,924 and the scales and biases of 13.15M weights in groups of 64, which stay float32.
  assert.equal(document.result.tensorBytes, 144_621_924 + (13_151_232 / 64) * 2 * 2);
  assert.equal(document.modules.kept, 87);
  const before = tensorBytes(join(await testModelFolder('4bit-fp32'), 'model.safetensors'));
  const after = tensorBytes(join(out('cast'), 'model.safetensors'));
  const kept = [...before].filter(
    ([name]) => /\.(weight|scales|biases)$/.test(name) && before.has(name.replace(/\.\w+$/, '.scales')),
  );
  assert.equal(kept.length, 3 * 87);
  assert.ok(kept.every(([name, bytes]) => after.get(name)?.equals(bytes) === true));
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGKILL', null],
] as const) {
  test(`${signal} while it is written leaves no folder, and the next one is whole`, async () => {
    const name = `stopped-${signal}`;
    const running = start(['bf16', '--bits', '4', '--out', out(name)]);
    await until(() => /Building the checkpoint: [\d.]+ MB/.test(running.stderr()), 'the writing', 120);
    process.kill(running.child.pid ?? 0, signal);
    const { code } = await running.finished;
    assert.equal(code, exitCode);
    assert.equal(existsSync(out(name)), false);
    if (signal === 'SIGINT') {
      assert.deepEqual(left(), []);
    }
    const { code: again, stderr } = await start(['bf16', '--bits', '4', '--out', out(name)]).finished;
    assert.equal(again, 0, stderr);
    assert.ok(existsSync(join(out(name), 'model.safetensors')));
    assert.deepEqual(left(), []);
  });
}
