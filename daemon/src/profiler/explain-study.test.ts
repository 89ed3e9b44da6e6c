/** The arms of a study over scripted hosts: how they are started, how many iterations they take, and what is explained from them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { exampleAttribution } from '@tidemark/shared/test/example-reports.ts';
import { exampleTrace } from '@tidemark/shared/test/example-trace.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { HypothesisId, StudyAnswer } from '@tidemark/shared/protocol/study-document.ts';
import { scriptedHost, scriptedSubject } from '../../test/scripted-host.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { explainStudy } from './explain-study.ts';
import type { StudiedModel } from './explain-study.ts';
import { fittingTraces } from './profile.ts';

/**
 * A host of either backend that peaks as an H100 does: by what is loaded, what the operations need, MLX's order of evaluation, and,
 * unless it is started with one operation a buffer, a queue that wanders. Each host's first iteration is off by 30 MB.
 */
const simulated = (device: 'cpu' | 'gpu', log: string): string => `
  import { appendFileSync } from 'node:fs';
  description.device = { ...description.device, type: '${device}' };
  const { MLX_MAX_OPS_PER_BUFFER: operations = 'default', MLX_BFS_MAX_WIDTH: width = 'default' } = process.env;
  const MB = 1e6;
  let state = process.pid;
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32 - 0.5;
  };
  const loadedOf = ({ folder, alterations = {} }) => {
    if (folder === 'bf16') {
      return 163.5;
    }
    const rest = alterations.restDType === 'bfloat16' ? 137 : 274;
    return rest + (alterations.dense ? rest === 137 ? 26.5 : 53 : 8.7);
  };
  let loaded = 0;
  let asked = {};
  let iterations = 0;
  process.on('message', (request) => {
    const { method, parameters } = request;
    switch (method) {
      case 'load':
        asked = parameters;
        loaded = loadedOf(parameters);
        answer(request, { ...load, activeBytes: loaded * MB, peakBytes: (loaded + 8) * MB });
        break;
      case 'durations':
        answer(request, [[1, 2]]);
        break;
      case 'layerTransients':
        answer(request, []);
        break;
      case 'unresetSequence':
        answer(request, { readings: parameters.models.map(({ model }) => ({ model, peakBytes: 500 * MB })) });
        break;
      case 'iterate': {
        iterations += 1;
        appendFileSync(${JSON.stringify(log)}, JSON.stringify({ operations, width, ...asked }) + '\\n');
        const queue = '${device}' === 'gpu' && operations === 'default' ? (asked.folder === 'bf16' ? 100 : 140) + 60 * random() : 0;
        const order = width === '1' ? 0 : 45;
        const warmup = '${device}' === 'gpu' && iterations === 1 ? 30 : 0;
        const peakBytes = Math.round((loaded + 85 + order + queue + warmup + 0.02 * random()) * MB);
        const bytes = loaded * MB;
        answer(request, { ...sample(parameters), peakBytes, activeBytes: bytes, activeBeforeBytes: bytes });
        break;
      }
      case 'attribute':
        answer(request, ${JSON.stringify(traced)});
        break;
      default:
        respond(request);
    }
  });
  ready();
`;

const trace = exampleTrace({ operations: 40 });

const traced = {
  ...exampleAttribution(),
  granularity: 'operations',
  traces: [trace],
};

const xray = (bits: number | undefined, dtype: string): StudiedModel['xray'] => ({
  kind: 'xray',
  schemaVersion: 1,
  target: 'model',
  source: { kind: 'folder', description: 'made here', isRemote: false },
  files: [{ name: 'model.safetensors', fileBytes: 1, tensorBytes: 1, tensors: 1 }],
  otherFiles: [],
  tensors: 1,
  parameters: 1,
  tensorBytes: 1,
  bytesByDtype: { [dtype]: 274e6 },
  parts: [],
  quantization: {
    found: bits === undefined ? [] : [{ bits, groupSize: 64, modules: 1, parameters: 1, bytes: 1 }],
    quantizedShare: 0,
    unquantized: [{ kind: 'convolution', parameters: 1, bytes: 274e6, bytesByDtype: { [dtype]: 274e6 } }],
  },
  float32: { bytes: 1, share: 0 },
  loading: { activeBytes: 1, metalActiveBytes: 1, cudaActiveBytes: 1, dropped: [], voiceBytes: 1 },
  reading: 'It is so.',
  warnings: [],
});

const MB = 1e6;

/** A run as given, with the peaks of such a host. */
function studied(name: string, device: 'cpu' | 'gpu', peaks: readonly number[]): StudiedModel {
  const bits = name === 'bf16' ? undefined : 4;
  const loaded = (bits === undefined ? 163.5 : 282.7) * MB;
  const profile = exampleProfile({
    name,
    load: { activeBytes: loaded, peakBytes: loaded },
    measured: peaks.map((peak) => ({
      peakBytes: peak * MB + loaded,
      activeBytes: loaded,
      activeBeforeBytes: loaded,
    })),
  });
  const run = { ...profile, device: { ...profile.device, type: device } };
  return {
    subject: scriptedSubject(name),
    run,
    xray: xray(bits, bits === undefined ? 'bfloat16' : 'float32'),
  };
}

const wandering = (level: number): number[] =>
  Array.from({ length: 15 }, (_, index) => level + 25 * Math.sin(7.3 * index));

interface Started {
  readonly operations: string;
  readonly width: string;
  readonly folder: string;
  readonly alterations?: object;
}

async function explained(
  device: 'cpu' | 'gpu',
  peaks: { readonly bf16: number[]; readonly quantized: number[] },
) {
  const log = join(temporaryFolder(), 'iterations');
  const steps: RunStep[] = [];
  const models = [studied('bf16', device, peaks.bf16), studied('4bit-fp32', device, peaks.quantized)];
  const answer = await explainStudy(models, 'bf16', exampleProfile().settings, {
    host: { entry: scriptedHost(simulated(device, log)) },
    onStep: (step) => steps.push(step),
  });
  assert.deepEqual(v.parse(v.nonOptional(studyDocument.entries.answer), answer), answer);
  const iterations = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Started);
  return { answer, iterations, steps };
}

const statusOf = ({ explanations }: StudyAnswer, id: HypothesisId) =>
  explanations[0]?.verdicts.find(({ hypothesis }) => hypothesis === id)?.status;

test('on a GPU every arm is measured with one operation a buffer, and its warm-up is recognized', async () => {
  const { answer, iterations, steps } = await explained('gpu', {
    bf16: wandering(230),
    quantized: wandering(270),
  });
  const drained = answer.evidence.arms.filter(({ queue }) => queue === 'drained');
  assert.ok(drained.length >= 15);
  assert.ok(drained.every(({ warmupIterations = 0 }) => warmupIterations >= 1));
  assert.ok(drained.every(({ peakBytes }) => Math.max(...peakBytes) - Math.min(...peakBytes) < MB));
  assert.ok(drained.every(({ peakBytes }) => peakBytes.length >= 6));
  assert.ok(iterations.some(({ operations, width }) => operations === '1' && width === '1'));
  const changed = iterations.filter(({ alterations, width }) => alterations !== undefined || width === '1');
  assert.ok(changed.every(({ operations }) => operations === '1'));

  for (const id of [
    'float32-rest',
    'on-the-fly-dequantization',
    'packed-layers',
    'evaluation-order',
  ] as const) {
    assert.match(statusOf(answer, id) ?? '', /^(supported|refuted)$/, id);
  }
  const [explanation] = answer.explanations;
  assert.ok(explanation?.drained);
  assert.ok(Math.abs(explanation.remainderBytes) < 0.05 * explanation.difference.estimate);

  // Steps count up to the number that they announce last, rounds that were added included.
  const last = steps.findLast((step) => step.kind === 'intervention');
  assert.equal(last?.place, last?.of);
});

test('on a GPU a model as given gets further iterations while the queue’s part is open, and the peaks say how many', async () => {
  const { answer, iterations } = await explained('gpu', {
    bf16: wandering(230),
    quantized: wandering(246),
  });
  const [bf16] = answer.peaks ?? [];
  assert.ok(bf16);
  const added = iterations.filter(({ operations, alterations }) => operations === 'default' && !alterations);
  assert.ok(added.length > 0);
  assert.ok(bf16.given.iterations > 15);
  assert.ok(bf16.given.iterations <= 60);
  assert.ok(bf16.queueBytes !== undefined && Math.abs(bf16.queueBytes - 100 * MB) < 15 * MB);
  assert.ok(Math.abs((bf16.orderBytes ?? 0) - 45 * MB) < 0.1 * MB);
});

test('on the CPU no host is started for a queue, arms take two iterations, and queued work is not applicable', async () => {
  const still = (level: number): number[] => Array.from({ length: 15 }, () => level);
  const { answer, iterations } = await explained('cpu', { bf16: still(130), quantized: still(130) });
  assert.ok(iterations.every(({ operations }) => operations === 'default'));
  const arms = answer.evidence.arms.filter(({ intervention }) => intervention !== 'as-given');
  assert.ok(arms.every(({ peakBytes, queue }) => peakBytes.length === 2 && queue === undefined));
  assert.equal(statusOf(answer, 'queued-work'), 'not-applicable');
  assert.equal(statusOf(answer, 'float32-rest'), 'supported');
  assert.equal(answer.peaks?.[0]?.queueBytes, undefined);
  assert.ok(Math.abs((answer.peaks?.[0]?.orderBytes ?? 0) - 45 * MB) < 0.1 * MB);
});

test('each quantized model is traced, and of the trace the evidence has the peaks and the dense copies', async () => {
  const { answer } = await explained('cpu', {
    bf16: Array.from({ length: 15 }, () => 130),
    quantized: Array.from({ length: 15 }, () => 130),
  });
  const { peakBytes, plainPeakBytes } = trace;
  assert.deepEqual(answer.evidence.traced, {
    '4bit-fp32': { peakBytes, plainPeakBytes, sameAudio: true, denseCopies: { atPeak: [] } },
  });
});

test('traces that are too large together for one document leave the last ones out, and never the first', () => {
  const size = JSON.stringify(trace).length;
  assert.equal(fittingTraces([trace, trace, trace]).length, 3);
  assert.equal(fittingTraces([trace, trace, trace], 2 * size).length, 2);
  assert.equal(fittingTraces([trace, trace], size - 1).length, 1);
});
