/**
 * Tidemark against a peer, mlx-audio or its own lean strategy: seconds and memory for the same sentence on the same checkpoint; and the seconds of
 * onnxruntime with the int8 Kokoro that set-up downloads.
 */

import { parseArgs } from 'node:util';
import { resolveEngine } from '../../daemon/src/host/python-environment.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatList } from '@tidemark/shared/format/numbers.ts';
import type { InstallStep } from '../../daemon/src/host/python-environment.ts';
import { resolveSubject } from '../../daemon/src/models/resolve.ts';
import { dataFolder } from '../../daemon/src/paths.ts';
import { compare, formatReport, merge, schedule, summarize, summarizeOnnx } from './comparison.ts';
import { describeMachine, runScript, wholeNumber } from './script.ts';
import type { BenchmarkDocument, BenchmarkMachine, OnnxSide, Side, Work } from './comparison.ts';
import { Peer, profileOurs, runOnnx } from './sides.ts';

const usage = `Usage: npm run bench -- [options]

  --model NAME           a model as tidemark takes it (default bf16)
  --iterations N         of Tidemark, before, between and after those of the peer (default 3)
  --peer NAME            mlx-audio (default), or lean: Tidemark itself by its lean strategy
  --peer-iterations N    of the peer, 0 to skip it (default 1: one of mlx-audio takes minutes on a CPU)
  --peer-warmup N        of the peer, left out of its figures (default 0; on a GPU the first one compiles kernels)
  --peer-python PATH     a Python that has mlx-audio, in the place of one that this makes
  --onnx-python PATH     a Python that has onnxruntime: it says the sentence too, after each run of Tidemark's
  --voice NAME           (default af_heart)
  --phonemes TEXT        (default: those of the sentence that Tidemark profiles)
  --json                 print one JSON document on stdout
`;

/** The phonemes of “This is a memory profiling test for the Kokoro TTS model.” */
const defaultPhonemes = 'ðˌɪs ɪz ɐ mˈɛməɹi pɹˈOfˌIlɪŋ tˈɛst fɔɹ ðə kəkˈɔɹO tˌitˌiˈɛs mˈɑdᵊl.';

const peers = ['mlx-audio', 'lean'] as const;

interface Options {
  readonly work: Work;
  readonly peer: (typeof peers)[number];
  readonly iterations: number;
  readonly peerIterations: number;
  readonly peerWarmup: number;
  readonly peerPython: string | undefined;
  readonly onnxPython: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'bf16' },
      iterations: { type: 'string', default: '3' },
      peer: { type: 'string', default: 'mlx-audio' },
      'peer-iterations': { type: 'string', default: '1' },
      'peer-warmup': { type: 'string', default: '0' },
      'peer-python': { type: 'string' },
      'onnx-python': { type: 'string' },
      voice: { type: 'string', default: 'af_heart' },
      phonemes: { type: 'string', default: defaultPhonemes },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { model, voice, phonemes, json, help } = values;
  const peer = peers.find((name) => name === values.peer);
  if (peer === undefined) {
    throw new TidemarkError('usage', `--peer is ${formatList(peers)}, not ${values.peer}.`, {
      hint: 'Run it with --help.',
    });
  }
  return {
    peer,
    work: { model, voice, phonemes, seed: 0 },
    iterations: wholeNumber('--iterations', values.iterations, 1),
    peerIterations: wholeNumber('--peer-iterations', values['peer-iterations'], 0),
    peerWarmup: wholeNumber('--peer-warmup', values['peer-warmup'], 0),
    peerPython: values['peer-python'],
    onnxPython: values['onnx-python'],
    json,
    help,
  };
}

function benchmarkMachine(): BenchmarkMachine {
  const environment = Object.entries(process.env).filter(([name]) => /^(?:OPENBLAS|OMP|MKL|MLX)_/.test(name));
  return {
    ...describeMachine(),
    environment: Object.fromEntries(environment.map(([name, value]) => [name, value ?? ''])),
  };
}

async function startPeer(
  { work, peer: name, peerPython, peerWarmup }: Options,
  note: (step: string) => void,
): Promise<Peer> {
  const options = { dataFolder: dataFolder(), onStep: ({ message }: InstallStep) => note(`${message} …`) };
  const engine =
    name === 'lean' ? undefined : await resolveEngine({ engine: name, python: peerPython }, options);
  const subject = await resolveSubject(work.model, work.voice, options);
  note(`Loading the model into the peer, ${name} …`);
  const peer = await Peer.start({ ...subject, engine }, work);
  await peer.warmUp(peerWarmup);
  return peer;
}

async function benchmark(options: Options, note: (step: string) => void): Promise<BenchmarkDocument> {
  const { work, iterations, peerIterations, onnxPython } = options;
  const [startedAt, machine] = [new Date().toISOString(), benchmarkMachine()];
  const runs: Side[] = [];
  const onnxRuns: OnnxSide[] = [];
  const peer = peerIterations > 0 ? await startPeer(options, note) : undefined;
  try {
    for (const step of schedule(iterations, peerIterations)) {
      note(`${step.side === 'ours' ? 'Tidemark' : options.peer}, iterations: ${step.iterations} …`);
      if (step.side === 'ours') {
        runs.push(await profileOurs(work, step.iterations));
        if (onnxPython !== undefined) {
          note(`onnxruntime, iterations: ${step.iterations} …`);
          onnxRuns.push(await runOnnx(onnxPython, work, step.iterations));
        }
      } else {
        await peer?.iterate();
      }
    }
  } finally {
    await peer?.close();
  }
  const tidemark = summarize(merge(runs));
  const onnx = onnxRuns.length > 0 ? summarizeOnnx(onnxRuns, tidemark) : undefined;
  const base = { kind: 'benchmark', startedAt, machine, work, tidemark, ...(onnx && { onnx }) } as const;
  if (!peer) {
    return base;
  }
  const summary = summarize(peer.side);
  return { ...base, peer: summary, comparison: compare(tidemark, summary) };
}

await runScript({ usage, parseOptions, measure: benchmark, format: formatReport, isGood: () => true });
