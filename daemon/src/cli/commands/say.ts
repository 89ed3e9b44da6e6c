/** `tidemark say TEXT --out F.wav`: a model's speech as a file, or as a stream of what has been said so far. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted, formatDuration } from '@tidemark/shared/format/numbers.ts';
import { droppedWords, readerPhrases, strategyIn } from '@tidemark/shared/format/workload.ts';
import { saySchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type { SayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import type { LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import type { WavFormat } from '../../audio/wav.ts';
import type { HostResult } from '../../host/messages.ts';
import { fewestPhonemesAlone } from '../../kokoro/phonemes/splitting.ts';
import { checkNames } from '../../models/voices.ts';
import { refuseOfEngine, settleSpeech } from '../../profiler/settings.ts';
import { speak } from '../../profiler/speak.ts';
import { engineRecord, strategyRecord } from '../../profiler/workload.ts';
import type { Speech } from '../../profiler/speak.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import {
  addEngineOptions,
  addPrecisionOption,
  addSpeechOptions,
  engineFrom,
  mlxFrom,
  modelWords,
  textFrom,
} from '../options.ts';
import type { EngineOptions, MlxOptions, SpeechOptions } from '../options.ts';
import { givenFile, givenModel } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { loadNote } from '../progress.ts';
import { addYesOption, announce, showPreparation } from '../runs/announce.ts';
import type { AnnounceOptions } from '../runs/announce.ts';
import { AudioOutput, checkAudioOutput, isClosedPipe, isStdout } from '../runs/audio-output.ts';
import { findSubject, settleHere } from '../runs/subject.ts';
import { addStrategyOption } from '../workload-options.ts';
import type { StrategyOptions } from '../workload-options.ts';

interface SayOptions
  extends
    SpeechOptions,
    StrategyOptions,
    EngineOptions,
    Pick<MlxOptions, 'fullPrecision'>,
    AnnounceOptions,
    OutputOptions {
  readonly out: string;
  readonly format: WavFormat;
  readonly raw?: true;
  readonly stream?: true;
  readonly bySentence?: true;
  readonly model: string;
}

export function addSayCommand(program: Command): void {
  const command = program
    .command('say')
    .summary('synthesize a text into a WAV file')
    .description(
      'Synthesizes a text into a 24 kHz mono WAV file. A line break ends an utterance, as in mlx-audio, so a text that is wrapped ' +
        'into lines pauses at each; a long line is split at sentence ends. The file appears only when it is complete. With ' +
        '--stream it grows sentence by sentence, is a whole WAV file after each, and keeps what was said if the command is stopped ' +
        'or fails.',
    )
    .argument('[text]', 'text to say, or - for stdin; omit it with --phonemes')
    .requiredOption('--out <file>', 'WAV file to write, or - for stdout', givenFile)
    .addOption(
      new Option('--format <format>', "sample format: 16-bit integers, or the model's own floats")
        .choices(['int16', 'float32'])
        .default('int16'),
    )
    .option('--raw', 'write bare little-endian samples without a WAV header')
    .option('--stream', 'write each sentence as soon as it is said')
    .option('--by-sentence', 'say each sentence by itself, as --stream does, rather than as many as fit')
    .option('--model <model>', modelWords, givenModel, 'bf16');
  addExamples(
    command,
    [
      'tidemark say "Hello, world." --out hello.wav',
      'tidemark say "Good evening." --voice bm_george --model 4bit-bf16 --out evening.wav',
      'tidemark say - --out chapter.wav < chapter.txt',
      'tidemark say - --stream --out - < chapter.txt | ffplay -nodisp -autoexit -',
      'tidemark say - --stream --raw --out - < chapter.txt | aplay -f S16_LE -r 24000',
      'tidemark say "Good evening." --engine mlx-audio --out theirs.wav',
      'tidemark say --phonemes "həlˈO." --format float32 --deterministic --out hello.wav',
    ],
    `A sentence of fewer than ${fewestPhonemesAlone} phonemes is said with the next one. A stream into a pipe does not know its ` +
      'length, so its header gives 4 GiB, which players take to mean “to the end”. A reader that closes the pipe ends the command ' +
      'without an error.',
  );
  addEngineOptions(addPrecisionOption(addStrategyOption(addYesOption(addSpeechOptions(command)))));
  printResult(command, async (context, text: string | undefined, options: SayOptions) => {
    const { out, format, raw, model: spec } = options;
    const { signal, progress } = context;
    if (text === undefined && options.phonemes === undefined) {
      throw new TidemarkError('usage', 'There is no text to say.', {
        hint: 'Give a text, as in `tidemark say "Hello." --out hello.wav`.',
      });
    }
    checkNames([spec], options.voice);
    const startedAt = new Date().toISOString();
    const { fullPrecision, strategy, bySentence, stream = false } = options;
    const asked = engineFrom(options);
    refuseOfEngine({ ...options, ...asked });
    const isOwn = asked.engine === undefined || asked.engine === 'tidemark';
    const spoken = await settleSpeech(
      {
        ...options,
        text: await textFrom(text),
        deterministic: options.deterministic ?? false,
        bySentence: isOwn ? (options.stream ?? bySentence) : false,
      },
      signal,
      showPreparation(progress),
    );
    await checkAudioOutput(out, options);
    await announce(spoken, options, context);
    const { settings, request } = await settleHere(spoken, asked, context);
    const subject = await findSubject(spec, settings.voice, context, request);
    const title = subject.model.name;
    const mlx = mlxFrom(fullPrecision === undefined ? {} : { fullPrecision });
    const output = await AudioOutput.to({ out, format, raw, stream }, signal);
    const of = settings.phonemes.length;
    let made = 0;
    const take = async (utterance: HostResult<'synthesize'>): Promise<void> => {
      made += 1;
      progress.advance(made, `utterance ${made} of ${of}`);
      await output.take(utterance);
    };
    let loadedSeconds = 0;
    const onLoad = (load: LoadRecord): void => {
      loadedSeconds = sinceStart();
      progress.note(loadNote(title, load));
      progress.begin({ title, total: of });
    };
    let speech: Speech;
    let fileBytes: number;
    try {
      speech = await speak(subject, settings, take, { signal, mlx, strategy, onLoad });
      signal.throwIfAborted();
      fileBytes = await output.complete();
    } catch (error) {
      progress.end();
      if (await output.abandon()) {
        progress.note(
          `${out} has the first ${output.given} of ${counted(of, 'utterance')}: ${output.seconds.toFixed(2)} s of audio`,
        );
      }
      if (isClosedPipe(error)) {
        // As where our stdout is closed: nobody is left to hear more, and that is no error.
        process.exit();
      }
      throw error;
    }
    progress.end();
    const { name, source, tensorBytes, bytesByDtype } = subject.model;
    const toStdout = isStdout(out);
    const document: SayDocument = {
      kind: 'say',
      schemaVersion: saySchemaVersion,
      startedAt,
      model: { name, source, tensorBytes, bytesByDtype },
      device: speech.device,
      versions: speech.versions,
      settings: { ...settings, mlx, ...engineRecord(request), ...strategyRecord(strategy) },
      audio: {
        file: toStdout ? '-' : out,
        fileBytes,
        format,
        raw,
        sampleRate: output.sampleRate,
        samples: output.samples,
        seconds: output.seconds,
      },
      synthesisSeconds: speech.synthesisSeconds,
      timing: {
        loadedSeconds,
        firstAudioSeconds: output.firstAtSeconds,
        wholeSeconds: sinceStart(),
      },
    };
    const report = sayReport(document, stream);
    if (toStdout) {
      progress.note(report);
    }
    return { document, text: () => (toStdout ? '' : report) };
  });
}

/** Since the process began. */
const sinceStart = (): number => performance.now() / 1000;

function sayReport(
  { audio, model, settings, synthesisSeconds, timing }: SayDocument,
  isStreamed: boolean,
): string {
  const { firstAudioSeconds, wholeSeconds } = timing;
  const byEngine = settings.engine === undefined ? '' : `by ${settings.engine} `;
  const times = `The first audio came ${formatDuration(firstAudioSeconds)} after the start, the last ${formatDuration(wholeSeconds)}.`;
  return [
    ...(settings.dropped === undefined ? [] : [droppedWords(settings.dropped)]),
    `Wrote ${audio.file === '-' ? 'to stdout' : audio.file}: ${audio.seconds.toFixed(2)} s of audio, ${audio.format}, ${formatBytes(audio.fileBytes)}, ` +
      `synthesized ${byEngine}with ${model.name}${strategyIn(settings) === 'faithful' ? '' : `, the ${strategyIn(settings)} strategy,`} and ${[settings.voice, ...readerPhrases(settings)].join(', ')} in ${formatDuration(synthesisSeconds)}.`,
    ...(isStreamed ? [times] : []),
  ].join('\n');
}
