/** Audio as WAV files: 16-bit integers for players, 32-bit floats for measurements. */

import { constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';

export type WavFormat = 'int16' | 'float32';

export interface WavOptions {
  /** Samples a second. Kokoro's audio has 24,000. */
  readonly sampleRate: number;
  readonly format: WavFormat;
}

/** Format tags of the `fmt ` chunk, from Microsoft's mmreg.h. */
const formatTags = { int16: 1, float32: 3 } as const;

/** What a chunk's length, a 32-bit number, can hold, less the header. */
const longestData = 0xffff_ffff - 64;

/**
 * A WAV file of one channel. `int16` scales 1.0 to 32,767, rounds to the nearest integer and clips what is louder; `float32`
 * keeps the samples bit for bit (WAVE_FORMAT_IEEE_FLOAT, with the `fact` chunk that the format asks for).
 *
 * Throws a RangeError on a sample that is not finite and on more audio than a WAV file can hold (4 GiB).
 */
export function encodeWav(samples: Float32Array, { sampleRate, format }: WavOptions): Buffer {
  const bytesPerSample = format === 'int16' ? 2 : 4;
  const dataBytes = samples.length * bytesPerSample;
  if (dataBytes > longestData) throw new RangeError(`a WAV file cannot hold ${samples.length} samples`);
  const header = wavHeader(samples.length, dataBytes, bytesPerSample, sampleRate, format);
  const file = Buffer.alloc(header.length + dataBytes);
  header.copy(file);
  let at = header.length;
  for (const [index, sample] of samples.entries()) {
    if (!Number.isFinite(sample)) throw new RangeError(`sample ${index} of the audio is ${sample}`);
    at =
      format === 'int16'
        ? file.writeInt16LE(Math.round(Math.min(1, Math.max(-1, sample)) * 32_767), at)
        : file.writeFloatLE(sample, at);
  }
  return file;
}

function wavHeader(
  sampleCount: number,
  dataBytes: number,
  bytesPerSample: number,
  sampleRate: number,
  format: WavFormat,
): Buffer {
  const tag = formatTags[format];
  const layout = Buffer.alloc(format === 'int16' ? 16 : 18);
  layout.writeUInt16LE(tag, 0);
  layout.writeUInt16LE(1, 2);
  layout.writeUInt32LE(sampleRate, 4);
  layout.writeUInt32LE(sampleRate * bytesPerSample, 8);
  layout.writeUInt16LE(bytesPerSample, 12);
  layout.writeUInt16LE(bytesPerSample * 8, 14);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(sampleCount);
  const chunks = [
    chunk('fmt ', layout),
    ...(format === 'float32' ? [chunk('fact', count)] : []),
    chunk('data', Buffer.alloc(0), dataBytes),
  ];
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return Buffer.concat([chunk('RIFF', Buffer.alloc(0), body.length + dataBytes), body]);
}

function chunk(name: string, content: Buffer, length: number = content.length): Buffer {
  const head = Buffer.alloc(8, name, 'latin1');
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, content]);
}

/**
 * Writes `samples` to `path`: into a file beside it, which takes its name when it is whole and on the disk, so that a
 * reader never meets half a file and a failure leaves an older one untouched. A device or a pipe is written directly.
 *
 * Throws `not-writable`, naming the path.
 */
export async function writeWav(path: string, samples: Float32Array, options: WavOptions): Promise<void> {
  const file = encodeWav(samples, options);
  try {
    const target = await resolveTarget(path);
    if (target.kind === 'stream') await writeInto(target.path, file, constants.O_WRONLY);
    else await replaceFile(target.path, file);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

/**
 * Fails as {@link writeWav} would, before the work whose result is to be written: the folder must be there and take a new
 * file, and the path must not be a folder. Leaves nothing behind. Throws `not-writable`.
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (target.kind === 'stream') return;
    const probe = temporaryBeside(target.path);
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

interface Target {
  readonly kind: 'file' | 'stream';
  readonly path: string;
}

/** Follows a link, so that its file is replaced and not the link; a device must never be replaced by a file. */
async function resolveTarget(path: string): Promise<Target> {
  if (path === '' || path.endsWith('/'))
    throw Object.assign(new Error('not the name of a file'), { code: 'EISDIR' });
  try {
    const entry = await stat(path);
    if (entry.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    // A pipe behind /dev/stdout has no path of its own, so only a file's links are followed to the end.
    return entry.isFile() ? { kind: 'file', path: await realpath(path) } : { kind: 'stream', path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { kind: 'file', path };
  }
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${Date.now().toString(36)}.part`);
}

async function replaceFile(path: string, content: Buffer): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeInto(temporary, content, 'wx');
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeInto(path: string, content: Buffer, flags: 'wx' | number): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.writeFile(content);
    if (flags === 'wx') await file.sync();
  } finally {
    await file.close();
  }
}

/** Why a path cannot be written, for the codes that a person can do something about. */
const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['there is no such folder', 'Create the folder first, or choose another place with --out.'],
  ENOTDIR: ['a part of the path is no folder', 'Choose another place with --out.'],
  EISDIR: ['it is a folder', 'Add the name of the file, as in --out speech.wav.'],
  EACCES: ['permission is denied', 'Choose a place that you may write to.'],
  EPERM: ['permission is denied', 'Choose a place that you may write to.'],
  EROFS: ['the disk is read-only', 'Choose a place on another disk.'],
  ENOSPC: ['the disk is full', 'Make room, or choose a place on another disk.'],
  EDQUOT: ['the disk quota is used up', 'Make room, or choose a place on another disk.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter name.'],
};

function notWritable(path: string, cause: unknown): TidemarkError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [reason, hint] = reasons[code] ?? [message, 'Choose another place with --out.'];
  return new TidemarkError('not-writable', `The audio cannot be written to “${path}”: ${reason}.`, {
    hint,
    cause,
  });
}
