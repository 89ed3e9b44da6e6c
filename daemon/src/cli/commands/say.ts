/** `tidemark say TEXT --out F.wav`: a model's speech as a file. */

import { stat } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { droppedWords } from '@tidemark/shared/format/workload.ts';
import { saySchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type { SayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { checkWritable, writeWav } from '../../audio/wav.ts';
import type { WavFormat } from '../../audio/wav.ts';
import { checkNames } from '../../models/voices.ts';
import { settleSpeech } from '../../profiler/settings.ts';
import { speak } from '../../profiler/speak.ts';
import type { Speech } from '../../profiler/speak.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { addPrecisionOption, addSpeechOptions, mlxFrom, modelWords, textFrom } from '../options.ts';
import type { MlxOptions, SpeechOptions } from '../options.ts';
import { givenFile, givenModel } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { loadNote } from '../progress.ts';
import { addYesOption, announce, showPreparation } from '../runs/announce.ts';
import type { AnnounceOptions } from '../runs/announce.ts';
import { findSubject } from '../runs/subject.ts';

interface SayOptions
  extends SpeechOptions, Pick<MlxOptions, 'fullPrecision'>, AnnounceOptions, OutputOptions {
  readonly out: string;
  readonly format: WavFormat;
  readonly model: string;
}

export function addSayCommand(program: Command): void {
  const command = program
    .command('say')
    .summary('synthesize a text into a WAV file')
    .description(
      'Synthesizes a text into a 24 kHz mono WAV file. A line break ends an utterance, as in mlx-audio, so a text that is wrapped ' +
        'into lines pauses at each; a long line is split at sentence ends. The file appears only when it is complete.',
    )
    .argument('[text]', 'text to say, or - for stdin; omit it with --phonemes')
    .requiredOption('--out <file>', 'WAV file to write', givenFile)
    .addOption(
      new Option('--format <format>', "sample format: 16-bit integers, or the model's own floats")
        .choices(['int16', 'float32'])
        .default('int16'),
    )
    .option('--model <model>', modelWords, givenModel, 'bf16');
  addExamples(command, [
    'tidemark say "Hello, world." --out hello.wav',
    'tidemark say "Good evening." --voice bm_george --model 4bit-bf16 --out evening.wav',
    'tidemark say - --out chapter.wav < chapter.txt',
    'tidemark say --phonemes "həlˈO." --format float32 --deterministic --out hello.wav',
  ]);
  addPrecisionOption(addYesOption(addSpeechOptions(command)));
  printResult(command, async (context, text: string | undefined, options: SayOptions) => {
    const { out, format, model: spec } = options;
    const { signal, progress } = context;
    if (text === undefined && options.phonemes === undefined) {
      throw new TidemarkError('usage', 'There is no text to say.', {
        hint: 'Give a text, as in `tidemark say "Hello." --out hello.wav`.',
      });
    }
    checkNames([spec], options.voice);
    const startedAt = new Date().toISOString();
    const settings = await settleSpeech(
      { ...options, text: await textFrom(text), deterministic: options.deterministic ?? false },
      signal,
      showPreparation(progress),
    );
    await checkWritable(out);
    await announce(settings, options, context);
    const subject = await findSubject(spec, settings.voice, context);
    const title = subject.model.name;
    const { fullPrecision } = options;
    const mlx = mlxFrom(fullPrecision === undefined ? {} : { fullPrecision });
    const speech = await speak(subject, settings, {
      signal,
      mlx,
      onLoad: (load) => {
        progress.note(loadNote(title, load));
        progress.begin({ title, total: settings.phonemes.length });
      },
      onUtterance: (done, of) => progress.advance(done, `utterance ${done} of ${of}`),
    });
    progress.end();
    signal.throwIfAborted();
    await writeWav(out, speech.audio, { sampleRate: speech.sampleRate, format });
    const { name, source, tensorBytes, bytesByDtype } = subject.model;
    const document: SayDocument = {
      kind: 'say',
      schemaVersion: saySchemaVersion,
      startedAt,
      model: { name, source, tensorBytes, bytesByDtype },
      device: speech.device,
      versions: speech.versions,
      settings: { ...settings, mlx },
      audio: await audioRecord(out, format, speech),
      synthesisSeconds: speech.synthesisSeconds,
    };
    return { document, text: () => sayReport(document) };
  });
}

async function audioRecord(
  file: string,
  format: WavFormat,
  { audio, sampleRate }: Speech,
): Promise<SayDocument['audio']> {
  return {
    file,
    fileBytes: (await stat(file)).size,
    format,
    sampleRate,
    samples: audio.length,
    seconds: audio.length / sampleRate,
  };
}

function sayReport({ audio, model, settings, synthesisSeconds }: SayDocument): string {
  return [
    ...(settings.dropped === undefined ? [] : [droppedWords(settings.dropped)]),
    `Wrote ${audio.file}: ${audio.seconds.toFixed(2)} s of audio, ${audio.format}, ${formatBytes(audio.fileBytes)}, ` +
      `synthesized with ${model.name} and ${settings.voice} in ${formatDuration(synthesisSeconds)}.`,
  ].join('\n');
}
