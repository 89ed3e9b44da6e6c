/** Where the audio of `tidemark say` goes: a file, whole or while it grows, or whoever reads stdout or a named pipe. */

import type { Writable } from 'node:stream';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { checkWritable, growingWav, openPipe, streamedWav, wholeWav, writeEncoded } from '../../audio/wav.ts';
import type { WavOptions, WavSink } from '../../audio/wav.ts';
import { isPipe } from '../../files/output-file.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import type { HostResult } from '../../host/messages.ts';
import type { OutputOptions } from '../command.ts';
import { writeBytes } from '../output.ts';

export interface AudioOptions extends Omit<WavOptions, 'sampleRate'> {
  /** A path, or `-` for stdout. */
  readonly out: string;
  /** Whether each utterance is given out as it comes. */
  readonly stream: boolean;
}

/** The names of our own stdout, which is never replaced by a file. */
export const isStdout = (out: string): boolean =>
  ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'].includes(out);

/** Fails before the work whose audio is to be written. Throws 'usage' where stdout cannot take it, and 'not-writable'. */
export async function checkAudioOutput(out: string, { json }: OutputOptions): Promise<void> {
  if (!isStdout(out)) {
    await checkWritable(out);
  } else if (json === true) {
    throw new TidemarkError('usage', 'The audio and the JSON document cannot both be written to stdout.', {
      hint: 'Give --out a file, or omit --json.',
    });
  } else if (process.stdout.isTTY) {
    throw new TidemarkError('usage', 'The audio cannot be written to a terminal.', {
      hint: 'Pipe it into a player, as in `tidemark say "Hello." --out - | ffplay -`, or give --out a file.',
    });
  }
}

/** Whether a write failed because nobody reads any more. */
export const isClosedPipe = (error: unknown): boolean =>
  errnoOf(error instanceof TidemarkError ? error.cause : error) === 'EPIPE';

/** Whoever reads stdout or a named pipe. */
class Reader {
  readonly #path: string;
  readonly #signal: AbortSignal;
  #stream: Writable | undefined;

  constructor(path: string, signal: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
  }

  readonly write = async (bytes: Uint8Array): Promise<void> => {
    this.#stream ??= isStdout(this.#path) ? process.stdout : await openPipe(this.#path, this.#signal);
    await writeBytes(bytes, this.#stream, this.#signal);
  };

  /** A pipe of stdout is closed when the process ends. */
  end(): void {
    if (this.#stream !== process.stdout) {
      this.#stream?.end();
    }
  }
}

/** Takes utterances as they are made, and counts what has been given out. */
export class AudioOutput {
  readonly #options: AudioOptions;
  readonly #reader: Reader | undefined;
  /** Made with the first utterance, which says the sample rate. */
  #sink: WavSink | undefined;
  #pending = 0;
  sampleRate = 0;
  samples = 0;
  /** Utterances that a file or a reader has. */
  given = 0;
  /** Since the process began. */
  firstAtSeconds = 0;

  private constructor(options: AudioOptions, reader: Reader | undefined) {
    this.#options = options;
    this.#reader = reader;
  }

  static async to(options: AudioOptions, signal: AbortSignal): Promise<AudioOutput> {
    const isRead = isStdout(options.out) || (await isPipe(options.out));
    return new AudioOutput(options, isRead ? new Reader(options.out, signal) : undefined);
  }

  get seconds(): number {
    return this.samples === 0 ? 0 : this.samples / this.sampleRate;
  }

  async take({ audio, sampleRate }: HostResult<'synthesize'>): Promise<void> {
    this.sampleRate = sampleRate;
    this.#sink ??= this.#openSink(sampleRate);
    await this.#sink.append(audio);
    this.samples += audio.length;
    if (this.#options.stream) {
      this.#count(1);
    } else {
      this.#pending += 1;
    }
  }

  /** Returns how many bytes were written. Throws what writing throws. */
  async complete(): Promise<number> {
    try {
      const bytes = (await this.#sink?.end(true)) ?? 0;
      this.#count(this.#pending);
      return bytes;
    } finally {
      this.#reader?.end();
    }
  }

  /** To be called where not all came. Returns whether a file has what was said until then. */
  async abandon(): Promise<boolean> {
    // Why it came to this is what matters.
    await this.#sink?.end(false).catch(() => undefined);
    this.#reader?.end();
    return this.#reader === undefined && this.given > 0;
  }

  #count(utterances: number): void {
    if (this.given === 0) {
      this.firstAtSeconds = performance.now() / 1000;
    }
    this.given += utterances;
  }

  #openSink(sampleRate: number): WavSink {
    const { out, stream, format, raw } = this.#options;
    const wav = { sampleRate, format, raw };
    if (stream) {
      return this.#reader === undefined ? growingWav(out, wav) : streamedWav(this.#reader.write, wav);
    }
    return wholeWav(this.#reader?.write ?? ((file) => writeEncoded(out, file)), wav);
  }
}
