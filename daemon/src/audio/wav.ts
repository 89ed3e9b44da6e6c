/** Audio as WAV files: 16-bit integers for players, 32-bit floats for measurements; whole, or while it is made. */

import type { Writable } from 'node:stream';
import {
  checkWritable as checkFileWritable,
  GrowingFile,
  openPipe as openNamedPipe,
  writeWhole,
} from '../files/output-file.ts';
import type { FilePurpose } from '../files/output-file.ts';

export type WavFormat = 'int16' | 'float32';

export interface WavOptions {
  /** Samples a second. Kokoro's audio has 24,000. */
  readonly sampleRate: number;
  readonly format: WavFormat;
  /** Leaves the header away: bare samples, little-endian. */
  readonly raw?: boolean | undefined;
}

/** Format tags of the `fmt ` chunk, from Microsoft's mmreg.h. */
const formatTags = { int16: 1, float32: 3 } as const;

const bytesPerSample = { int16: 2, float32: 4 } as const;

/** What a chunk's length, a 32-bit number, can hold, less the header. */
const longestData = 0xffff_ffff - 64;

/** The length of what has no end yet: ffmpeg writes it into a pipe, and players read on to the end for it. */
const unknownLength = 0xffff_ffff;

/**
 * A WAV file of one channel. `int16` scales 1.0 to 32,767, rounds to the nearest integer and clips what is louder; `float32`
 * keeps the samples bit for bit (WAVE_FORMAT_IEEE_FLOAT, with the `fact` chunk that the format asks for).
 *
 * Throws a RangeError on a sample that is not finite and on more audio than a WAV file can hold (4 GiB).
 */
export const encodeWav = (samples: Float32Array, options: WavOptions): Buffer =>
  Buffer.concat([wavHeader(samples.length, options), encodeSamples(samples, options)]);

function encodeSamples(samples: Float32Array, { format }: WavOptions): Buffer {
  const data = Buffer.alloc(samples.length * bytesPerSample[format]);
  let at = 0;
  for (const [index, sample] of samples.entries()) {
    if (!Number.isFinite(sample)) {
      throw new RangeError(`sample ${index} of the audio is ${sample}`);
    }
    at =
      format === 'int16'
        ? data.writeInt16LE(Math.round(Math.min(1, Math.max(-1, sample)) * 32_767), at)
        : data.writeFloatLE(sample, at);
  }
  return data;
}

function wavHeader(sampleCount: number | 'unknown', { sampleRate, format, raw }: WavOptions): Buffer {
  if (raw === true) {
    return Buffer.alloc(0);
  }
  const width = bytesPerSample[format];
  const dataBytes = sampleCount === 'unknown' ? unknownLength : sampleCount * width;
  if (sampleCount !== 'unknown' && dataBytes > longestData) {
    throw new RangeError(`a WAV file cannot hold ${sampleCount} samples`);
  }
  const layout = Buffer.alloc(format === 'int16' ? 16 : 18);
  layout.writeUInt16LE(formatTags[format], 0);
  layout.writeUInt16LE(1, 2);
  layout.writeUInt32LE(sampleRate, 4);
  layout.writeUInt32LE(sampleRate * width, 8);
  layout.writeUInt16LE(width, 12);
  layout.writeUInt16LE(width * 8, 14);
  const count = Buffer.alloc(4);
  // 0 is what ffmpeg puts there; it takes the most for a duration.
  count.writeUInt32LE(sampleCount === 'unknown' ? 0 : sampleCount);
  const chunks = [
    chunk('fmt ', layout),
    ...(format === 'float32' ? [chunk('fact', count)] : []),
    chunk('data', Buffer.alloc(0), dataBytes),
  ];
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  const length = sampleCount === 'unknown' ? unknownLength : body.length + dataBytes;
  return Buffer.concat([chunk('RIFF', Buffer.alloc(0), length), body]);
}

function chunk(name: string, content: Buffer, length: number = content.length): Buffer {
  const head = Buffer.alloc(8, name, 'latin1');
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, content]);
}

const audioFile: FilePurpose = { what: 'The audio', example: '--out speech.wav' };

/** Writes an encoded file to `path`, whole or not at all; throws as {@link writeWhole} does. */
export const writeEncoded = (path: string, file: Buffer): Promise<void> => writeWhole(path, file, audioFile);

/** Writes `samples` to `path`, whole or not at all; throws as {@link encodeWav} and {@link writeWhole} do. */
export const writeWav = async (path: string, samples: Float32Array, options: WavOptions): Promise<void> =>
  writeEncoded(path, encodeWav(samples, options));

/** Where audio goes, utterance by utterance. */
export interface WavSink {
  /** Resolves when the utterance has been given out, if it is before the end. */
  readonly append: (samples: Float32Array) => Promise<void>;
  /** To be called at last; `isComplete` says whether all came. Returns how many bytes were given out. */
  readonly end: (isComplete: boolean) => Promise<number>;
}

/** Gives everything to `write` at the end, if it is complete: whatever {@link encodeWav} makes of it. */
export function wholeWav(write: (file: Buffer) => Promise<void>, options: WavOptions): WavSink {
  const parts: Float32Array[] = [];
  return {
    append: (samples) => {
      parts.push(samples);
      return Promise.resolve();
    },
    end: async (isComplete) => {
      if (!isComplete) {
        return 0;
      }
      const file = encodeWav(joined(parts), options);
      await write(file);
      return file.length;
    },
  };
}

/**
 * A file at `path` that is a whole WAV file after each utterance: the samples come first, then the header that counts them. It
 * appears with the first utterance, in the place of an older one. A device or a pipe gets a header without lengths. Throws as
 * {@link writeWav} does, and leaves what was whole before.
 */
export function growingWav(path: string, options: WavOptions): WavSink {
  const file = new GrowingFile(path, audioFile);
  let count = 0;
  return {
    append: async (samples) => {
      const total = count + samples.length;
      const header = wavHeader((await file.canGoBack()) ? total : 'unknown', options);
      await file.add(encodeSamples(samples, options), header);
      count = total;
    },
    end: () => file.close(),
  };
}

/** A WAV file without lengths, in pieces that `write` takes one after the other. */
export function streamedWav(write: (piece: Buffer) => Promise<void>, options: WavOptions): WavSink {
  let bytes = 0;
  return {
    append: async (samples) => {
      const data = encodeSamples(samples, options);
      const piece = bytes === 0 ? Buffer.concat([wavHeader('unknown', options), data]) : data;
      bytes += piece.length;
      await write(piece);
    },
    end: () => Promise.resolve(bytes),
  };
}

/** As {@link openNamedPipe}, for audio. */
export const openPipe = (path: string, signal: AbortSignal): Promise<Writable> =>
  openNamedPipe(path, audioFile, signal);

/** Fails as {@link writeWav} would, before the work whose result is to be written. Throws `not-writable`. */
export const checkWritable = (path: string): Promise<void> => checkFileWritable(path, audioFile);

/** The samples of several utterances, one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
