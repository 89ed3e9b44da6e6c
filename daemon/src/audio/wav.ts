/** Audio as WAV files: 16-bit integers for players, 32-bit floats for measurements; and utterances joined to one. */

import { checkWritable as checkFileWritable, writeWhole } from '../files/output-file.ts';
import type { FilePurpose } from '../files/output-file.ts';

export type WavFormat = 'int16' | 'float32';

interface WavOptions {
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
  if (dataBytes > longestData) {
    throw new RangeError(`a WAV file cannot hold ${samples.length} samples`);
  }
  const header = wavHeader(samples.length, dataBytes, bytesPerSample, sampleRate, format);
  const file = Buffer.alloc(header.length + dataBytes);
  header.copy(file);
  let at = header.length;
  for (const [index, sample] of samples.entries()) {
    if (!Number.isFinite(sample)) {
      throw new RangeError(`sample ${index} of the audio is ${sample}`);
    }
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

const audioFile: FilePurpose = { what: 'The audio', example: '--out speech.wav' };

/** Writes `samples` to `path`, whole or not at all; throws as {@link encodeWav} and {@link writeWhole} do. */
export const writeWav = async (path: string, samples: Float32Array, options: WavOptions): Promise<void> =>
  writeWhole(path, encodeWav(samples, options), audioFile);

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
