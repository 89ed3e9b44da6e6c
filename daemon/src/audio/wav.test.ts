/** Tests of WAV files, judged by Python's `wave`, by a parser of our own, and by what is left on the disk. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmod, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { checkWritable, encodeWav, growingWav, streamedWav, writeWav } from './wav.ts';

const int16 = { sampleRate: 24_000, format: 'int16' } as const;
const float32 = { sampleRate: 24_000, format: 'float32' } as const;

const folder = temporaryFolder();

/** The chunks of a RIFF file by name, read without any knowledge of how ours are written. */
function riffChunks(file: Buffer): Map<string, Buffer> {
  assert.equal(file.toString('latin1', 0, 4), 'RIFF');
  assert.equal(file.readUInt32LE(4), file.length - 8);
  assert.equal(file.toString('latin1', 8, 12), 'WAVE');
  const chunks = new Map<string, Buffer>();
  for (let at = 12; at < file.length;) {
    const length = file.readUInt32LE(at + 4);
    assert.ok(at + 8 + length <= file.length);
    chunks.set(file.toString('latin1', at, at + 4), file.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  return chunks;
}

const integers = (file: Buffer): number[] => {
  const data = riffChunks(file).get('data') ?? Buffer.alloc(0);
  return Array.from({ length: data.length / 2 }, (_, index) => data.readInt16LE(2 * index));
};

test('a 16-bit file is what Python’s wave module reads', async () => {
  const path = join(folder, 'tone.wav');
  const samples = Float32Array.from({ length: 2400 }, (_, index) => 0.5 * Math.sin(index / 10));
  await writeWav(path, samples, int16);
  const script = [
    'import json, sys, wave, array',
    'w = wave.open(sys.argv[1])',
    "d = array.array('h', w.readframes(w.getnframes()))",
    'print(json.dumps([w.getnchannels(), w.getsampwidth(), w.getframerate(), w.getnframes(), d.tolist()]))',
  ].join('\n');
  const [channels, width, rate, frames, data] = JSON.parse(
    execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }),
  ) as [number, number, number, number, number[]];
  assert.deepEqual([channels, width, rate, frames], [1, 2, 24_000, 2400]);
  for (const [index, sample] of samples.entries()) {
    assert.ok(Math.abs((data[index] ?? NaN) - sample * 32_767) <= 0.5);
  }
});

test('16-bit samples are rounded to the nearest and clipped at full scale', () => {
  const loud = Float32Array.of(0, 1, -1, 1.5, -7, 0.4 / 32_767, 0.6 / 32_767, -0.6 / 32_767);
  assert.deepEqual(integers(encodeWav(loud, int16)), [0, 32_767, -32_767, 32_767, -32_767, 0, 1, -1]);
});

test('a float file keeps every sample bit for bit, beyond full scale too', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (samples) => {
      const chunks = riffChunks(encodeWav(samples, float32));
      assert.deepEqual(chunks.get('data'), Buffer.from(samples.buffer));
      assert.equal(chunks.get('fact')?.readUInt32LE(0), samples.length);
    }),
  );
});

test('a float file says so in its format', () => {
  const layout = riffChunks(encodeWav(Float32Array.of(0.25), float32)).get('fmt ') ?? Buffer.alloc(0);
  assert.equal(layout.length, 18);
  assert.deepEqual(
    [0, 2, 12, 14, 16].map((at) => layout.readUInt16LE(at)),
    [3, 1, 4, 32, 0],
  );
  assert.deepEqual([layout.readUInt32LE(4), layout.readUInt32LE(8)], [24_000, 96_000]);
});

test('no samples make a valid empty file', () => {
  assert.deepEqual(integers(encodeWav(new Float32Array(0), int16)), []);
});

test('a sample that is no number is an error, not a click', () => {
  for (const options of [int16, float32]) {
    assert.throws(() => encodeWav(Float32Array.of(0, NaN), options), /sample 1 of the audio is NaN/);
    assert.throws(() => encodeWav(Float32Array.of(Infinity), options), RangeError);
  }
});

test('an existing file is replaced whole, and nothing else is left beside it', async () => {
  const own = temporaryFolder();
  const path = join(own, 'speech.wav');
  await writeFile(path, 'x'.repeat(100_000));
  await writeWav(path, new Float32Array(10), int16);
  assert.equal((await stat(path)).size, 44 + 20);
  assert.deepEqual(await readdir(own), ['speech.wav']);
});

test('a growing file is after each utterance the file of what was said until then', async () => {
  for (const options of [int16, float32, { ...int16, raw: true }]) {
    const own = temporaryFolder();
    const path = join(own, 'speech.wav');
    await writeFile(path, 'older');
    const sink = growingWav(path, options);
    assert.equal(await readFile(path, 'utf8'), 'older');
    const samples = Float32Array.from({ length: 3000 }, (_, index) => 0.5 * Math.sin(index / 10));
    for (const end of [1000, 1001, 3000]) {
      const before = end === 1000 ? 0 : end === 1001 ? 1000 : 1001;
      await sink.append(samples.subarray(before, end));
      assert.deepEqual(await readFile(path), encodeWav(samples.subarray(0, end), options));
      assert.deepEqual(await readdir(own), ['speech.wav']);
    }
    assert.equal(await sink.end(true), (await stat(path)).size);
  }
});

test('a growing file that gets nothing leaves the older one, and one that fails says so and keeps what was whole', async () => {
  const own = temporaryFolder();
  const path = join(own, 'speech.wav');
  await writeFile(path, 'older');
  await growingWav(path, int16).end(false);
  assert.equal(await readFile(path, 'utf8'), 'older');
  const sink = growingWav(path, int16);
  await sink.append(new Float32Array(10));
  await assert.rejects(sink.append(Float32Array.of(NaN)), RangeError);
  await sink.end(false);
  assert.deepEqual(await readFile(path), encodeWav(new Float32Array(10), int16));
  const missing = growingWav(join(own, 'missing', 'a.wav'), int16);
  await assert.rejects(missing.append(new Float32Array(1)), {
    code: 'not-writable',
    message: /no such folder/,
  });
});

test('a stream has one header, without lengths, and then only samples', async () => {
  const pieces: Buffer[] = [];
  const write = (piece: Buffer): Promise<void> => Promise.resolve(void pieces.push(piece));
  const sink = streamedWav(write, float32);
  await sink.append(Float32Array.of(0.25, 0.5));
  await sink.append(Float32Array.of(-1));
  const all = Buffer.concat(pieces);
  assert.equal(await sink.end(true), all.length);
  const whole = encodeWav(Float32Array.of(0.25, 0.5, -1), float32);
  // Of RIFF, of the samples in `fact`, and of `data`.
  for (const [at, unknown] of [
    [4, 0xffff_ffff],
    [46, 0],
    [54, 0xffff_ffff],
  ] as const) {
    assert.equal(all.readUInt32LE(at), unknown);
    all.writeUInt32LE(whole.readUInt32LE(at), at);
  }
  assert.deepEqual(all, whole);
});

test('a link stays a link, and its file is replaced', async () => {
  const own = temporaryFolder();
  await writeFile(join(own, 'real.wav'), '');
  await symlink('real.wav', join(own, 'link.wav'));
  await writeWav(join(own, 'link.wav'), new Float32Array(1), int16);
  assert.equal(readlinkSync(join(own, 'link.wav')), 'real.wav');
  assert.equal((await readFile(join(own, 'real.wav'))).length, 46);
});

test('a device is written to and stays a device', async () => {
  await checkWritable('/dev/null');
  await writeWav('/dev/null', new Float32Array(10), int16);
  assert.ok((await stat('/dev/null')).isCharacterDevice());
});

test('a pipe takes the file and stays a pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [read] = await Promise.all([buffer(reader.stdout), writeWav(pipe, new Float32Array(1000), float32)]);
  assert.equal(riffChunks(read).get('data')?.length, 4000);
  assert.ok((await stat(pipe)).isFIFO());
});

test('what cannot be written is told before and after, with the path and the way out', async () => {
  await writeFile(join(folder, 'plain'), '');
  const cases: readonly (readonly [path: string, reason: RegExp])[] = [
    [join(folder, 'missing', 'a.wav'), /no such folder/],
    [folder, /it is a folder/],
    [`${folder}/`, /it is a folder/],
    ['', /it is a folder/],
    [join(folder, 'plain', 'a.wav'), /not a folder/],
    [join(folder, 'x'.repeat(300)), /too long/],
  ];
  for (const [path, message] of cases) {
    const expected = { name: 'TidemarkError', code: 'not-writable', message };
    await assert.rejects(writeWav(path, new Float32Array(1), int16), expected, path);
    await assert.rejects(checkWritable(path), expected, path);
  }
});

test(
  'a folder that takes no files is told',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async () => {
    const closed = temporaryFolder();
    await chmod(closed, 0o500);
    await assert.rejects(checkWritable(join(closed, 'a.wav')), {
      code: 'not-writable',
      message: /permission/,
    });
  },
);

test(
  'a full disk leaves the older file and no part of a new one',
  { skip: process.platform !== 'linux' },
  async () => {
    await assert.rejects(writeWav('/dev/full', new Float32Array(10), int16), {
      code: 'not-writable',
      message: /the disk is full/,
    });
  },
);

test('a check leaves nothing behind', async () => {
  const own = temporaryFolder();
  await checkWritable(join(own, 'a.wav'));
  assert.deepEqual(await readdir(own), []);
});
