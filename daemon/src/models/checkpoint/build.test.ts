/** Building checkpoints: what they hold, and that nothing half-made or damaged is ever used, whatever happens. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { listCatalogue, removeModel } from '../catalogue.ts';
import type { ModelProgress } from '../progress.ts';
import { resolveModel, voicePath } from '../resolve.ts';
import { fileSource, readSafetensorsHeader } from '../safetensors/header.ts';
import { packagedVoices } from '../voices.ts';
import { manifestName } from './manifest.ts';

const root = temporaryFolder();

/** The smallest of the catalogue. */
const name = '4bit-bf16';
const home = join(root, 'home');
const folder = join(home, 'models', name);
const weights = join(folder, 'model.safetensors');

/** Resolves the model and tells what was said meanwhile. */
async function resolve(dataFolder = home) {
  const notes: string[] = [];
  let built = false;
  const onProgress = (progress: ModelProgress): void => {
    if (progress.kind === 'note') {
      notes.push(progress.message);
    }
    built ||= progress.kind === 'building';
  };
  const model = await resolveModel(name, { dataFolder, onProgress });
  return { model, notes, built };
}

/** A process of its own that builds the model, and prints its progress and its error's code and message in lines. */
function buildElsewhere(dataFolder: string, wrapper: readonly string[] = []) {
  const moduleUrl = new URL('../resolve.ts', import.meta.url).href;
  const script = `
    const { resolveModel } = await import(${JSON.stringify(moduleUrl)});
    await resolveModel(${JSON.stringify(name)}, {
      dataFolder: ${JSON.stringify(dataFolder)},
      onProgress: (progress) => console.log(progress.kind, progress.message ?? ''),
    }).then(() => console.log('done'), (error) => console.log('error', error.code, error.message));`;
  const [command, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  const untilLine = async (start: string): Promise<void> => {
    while (!lines.some((line) => line.startsWith(start))) {
      assert.equal(child.exitCode, null, lines.join('\n'));
      await wait(10);
    }
  };
  return { child, lines, ended, untilLine };
}

/** The build processes of this checkout that still work. */
function buildProcesses(): string[] {
  const entry = join(import.meta.dirname, 'build-process.ts');
  return execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(entry));
}

async function untilNoBuildProcess(): Promise<void> {
  for (let attempt = 0; buildProcesses().length > 0; attempt += 1) {
    assert.ok(attempt < 100, 'a build process outlived the one that started it');
    await wait(50);
  }
}

const partials = (dataFolder: string): string[] =>
  readdirSync(join(dataFolder, 'models')).filter((entry) => entry.startsWith('.'));

test('a checkpoint of the catalogue is built on first use, in the layout of published ones', async () => {
  const { model, built } = await resolve();
  assert.equal(built, true);
  assert.equal(model.folder, folder);
  assert.equal(model.tensorBytes, 144_621_924);
  assert.deepEqual({ ...model.bytesByDtype }, { uint32: 6_575_616, bfloat16: 138_046_308 });
  assert.deepEqual(
    [model.source.kind, model.source.weightsFile, model.source.license],
    ['packaged', 'model.safetensors', 'Apache-2.0'],
  );
  assert.match(model.source.sha256, /^[0-9a-f]{64}$/);

  const header = await readSafetensorsHeader(await fileSource(weights));
  assert.equal(header.tensorBytes, model.tensorBytes);
  assert.equal(header.metadata['format'], 'mlx');
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(config['quantization'], { group_size: 64, bits: 4 });
  assert.equal(config['model_type'], 'kokoro');
  assert.equal(Object.keys(config['vocab'] as object).length, 114);
  const index = JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8')) as {
    weight_map: Record<string, string>;
    metadata: unknown;
  };
  assert.deepEqual(Object.keys(index.weight_map), header.tensors.map((tensor) => tensor.name).sort());
  assert.deepEqual(index.metadata, { total_size: model.tensorBytes });
  assert.deepEqual(partials(home), []);
});

test('every packaged voice is in it, as a tensor that MLX reads', async () => {
  const { model } = await resolve();
  const voices = packagedVoices();
  assert.equal(voices.length, 54);
  assert.deepEqual(
    readdirSync(join(folder, 'voices')).sort(),
    voices.map((voice) => `${voice}.safetensors`),
  );
  const path = await voicePath(model, 'af_heart', { dataFolder: home });
  const { tensors } = await readSafetensorsHeader(await fileSource(path));
  assert.deepEqual(
    tensors.map(({ name: key, dtype, shape }) => [key, dtype, shape]),
    [['voice', 'F32', [510, 1, 256]]],
  );
  const packaged = readFileSync(new URL('../../../../build/voices/af_heart.bin', import.meta.url));
  assert.deepEqual(readFileSync(path).subarray(-packaged.byteLength), packaged);
  await assert.rejects(voicePath(model, 'af_hart', { dataFolder: home }), {
    code: 'unknown-voice',
    message: 'There is no voice named af_hart. Did you mean af_heart?',
    hint: /American English: af_alloy.*\n.*British English: bf_alice/,
  });
});

test('a built checkpoint is used as it is, also when its times have changed but not its bytes', async () => {
  assert.equal((await resolve()).built, false);
  utimesSync(weights, new Date(), new Date(0));
  const { built, notes } = await resolve();
  assert.deepEqual([built, notes], [false, []]);
});

test('changed bytes are noticed, and the checkpoint built again with the same result, by one of two that want it', async () => {
  const before = (await resolve()).model.source.sha256;
  const file = openSync(weights, 'r+');
  writeSync(file, Buffer.from([1, 2, 3, 4]), 0, 4, 100_000_000);
  closeSync(file);
  const results = await Promise.all([resolve(), resolve()]);
  assert.deepEqual(
    results.map(({ model }) => model.source.sha256),
    [before, before],
  );
  assert.equal(results.filter(({ built }) => built).length, 1);
  const notes = results.flatMap((result) => result.notes);
  assert.deepEqual(notes.sort(), [
    `Another process is building ${name}; waiting for it.`,
    `The checkpoint ${name} has missing or changed bytes in model.safetensors; rebuilding it.`,
  ]);
});

test('a killed build leaves nothing that a later run trusts, and no process', async () => {
  const dataFolder = join(root, 'killed');
  const { child, ended, untilLine } = buildElsewhere(dataFolder);
  await untilLine('building');
  child.kill('SIGKILL');
  await ended;
  await untilNoBuildProcess();
  assert.equal(existsSync(join(dataFolder, 'models', name)), false);
  assert.deepEqual(partials(dataFolder), [`.${name}.partial`]);

  // Of another model's killed build, too.
  mkdirSync(join(dataFolder, 'models', '.fp32.partial'));
  const { model, built } = await resolve(dataFolder);
  assert.equal(built, true);
  assert.equal(model.tensorBytes, 144_621_924);
  assert.deepEqual(partials(dataFolder), []);
});

test('an aborted build ends its process and removes what it wrote', async () => {
  const dataFolder = join(root, 'aborted');
  const controller = new AbortController();
  const aborted = resolveModel(name, {
    dataFolder,
    signal: controller.signal,
    onProgress: ({ kind }) => kind === 'building' && controller.abort(),
  });
  await assert.rejects(aborted, { code: 'interrupted', message: /its partial files were removed/ });
  assert.deepEqual(buildProcesses(), []);
  assert.deepEqual(readdirSync(join(dataFolder, 'models')), []);
});

test('a build process that dies is an error that says so', async () => {
  const dataFolder = join(root, 'died');
  const { lines, ended, untilLine } = buildElsewhere(dataFolder);
  await untilLine('building');
  for (const line of buildProcesses()) {
    process.kill(Number.parseInt(line, 10), 'SIGKILL');
  }
  await ended;
  assert.equal(
    lines.at(-1),
    `error build-failed The process that builds ${name} ended unexpectedly (SIGKILL).`,
  );
  assert.deepEqual(readdirSync(join(dataFolder, 'models')), []);
});

test('a file size limit in mid-build is an error, and nothing of the build is left', async () => {
  const dataFolder = join(root, 'limited');
  // In units of 512 or 1024 bytes, as the shell has it: far less than the weights, more than everything before them.
  const { lines, ended } = buildElsewhere(dataFolder, ['sh', '-c', 'ulimit -f 40000; exec "$@"', 'sh']);
  await ended;
  assert.match(
    lines.at(-1) ?? '',
    /^error not-writable .*4bit-bf16 cannot be written: the system does not allow a file that large\./,
  );
  assert.deepEqual(readdirSync(join(dataFolder, 'models')), []);
});

test('a data folder that cannot be is an error', async () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  await assert.rejects(resolve(file), {
    code: 'not-writable',
    message: /cannot be written: part of the path is not a folder/,
  });
  await assert.rejects(resolve('/proc/tidemark'), { code: 'not-writable' });
});

test('a checkpoint without its manifest, or with one of another version, is built again', async () => {
  const path = join(folder, manifestName);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const entryOf = async () => (await listCatalogue(home)).find((entry) => entry.name === name);
  assert.equal((await entryOf())?.state, 'built');
  for (const text of ['{}', 'no JSON', JSON.stringify({ ...manifest, recipeVersion: 0 })]) {
    writeFileSync(path, text);
    assert.equal((await entryOf())?.state, 'damaged');
  }
  rmSync(path);
  assert.equal((await entryOf())?.state, 'damaged');
  writeFileSync(path, JSON.stringify(manifest));
  rmSync(join(folder, 'voices', 'af_heart.safetensors'));
  assert.equal((await entryOf())?.state, 'damaged');
});

test('the catalogue tells sizes before anything is built, and removing frees them', async () => {
  const entries = await listCatalogue(join(root, 'nowhere'));
  assert.deepEqual(
    entries.map((entry) => [entry.name, entry.bits, entry.state, entry.diskBytes]),
    [
      ['fp32', undefined, 'absent', 0],
      ['bf16', undefined, 'absent', 0],
      ['8bit-fp32', 8, 'absent', 0],
      ['6bit-fp32', 6, 'absent', 0],
      ['4bit-fp32', 4, 'absent', 0],
      ['8bit-bf16', 8, 'absent', 0],
      ['6bit-bf16', 6, 'absent', 0],
      ['4bit-bf16', 4, 'absent', 0],
    ],
  );
  const freed = await removeModel(name, { dataFolder: home });
  assert.ok(freed > 144_621_924);
  assert.equal(existsSync(folder), false);
  assert.equal(await removeModel(name, { dataFolder: home }), 0);
  await assert.rejects(removeModel('4bit-bf', { dataFolder: home }), {
    code: 'unknown-model',
    message: 'There is no model named 4bit-bf in the catalog. Did you mean 4bit-bf16?',
  });
});
