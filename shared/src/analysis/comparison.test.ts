/** What is compared with what, what is refused, and what the whole comes down to. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { exampleWatch } from '../../test/example-watch.ts';
import { exampleProfile } from '../../test/example-documents.ts';
import type { ExampleOptions } from '../../test/example-documents.ts';
import { comparisonDocument } from '../protocol/comparison-document.ts';
import type { ComparisonDocument } from '../protocol/comparison-document.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { studiesOf } from '../protocol/study-document.ts';
import {
  cleanLeaks,
  exampleEngineStudy,
  exampleLeaks,
  exampleRuns,
  exampleStudy,
} from '../../test/example-reports.ts';
import { compareDocuments } from './comparison.ts';

const profile = (peakBytes = 600_000_000, options: ExampleOptions = {}): ProfileDocument =>
  exampleProfile({ measured: Array.from({ length: 14 }, () => ({ peakBytes })), ...options });

function compare(before: RunDocument, after: RunDocument): ComparisonDocument {
  const sides = [
    { file: 'a.json', document: before },
    { file: 'b.json', document: after },
  ] as const;
  const result = compareDocuments(...sides, 0.02);
  assert.deepEqual(v.parse(comparisonDocument, JSON.parse(JSON.stringify(result))), result);
  return result;
}

const notComparable = (pattern: RegExp) => ({ code: 'not-comparable', message: pattern });

test('a run against itself is the same in everything', () => {
  const { status, models, sentence } = compare(profile(), profile());
  assert.equal(status, 'same');
  assert.deepEqual(
    models[0]?.metrics.map((metric) => [metric.metric, metric.status]),
    [
      ['active', 'same'],
      ['peak', 'same'],
      ['seconds', 'same'],
    ],
  );
  assert.match(sentence, /^Nothing got worse/);
});

test('a higher peak is worse whatever else got better', () => {
  const after = profile(700_000_000, {
    measured: Array.from({ length: 14 }, () => ({ peakBytes: 700_000_000, seconds: 1 })),
  });
  const { status, sentence } = compare(profile(), after);
  assert.equal(status, 'worse');
  assert.equal(sentence, 'Worse: bf16 (peak). Better: bf16 (time).');
});

test('a time counts from 10% on, memory from the threshold on', () => {
  const slower = profile(600_000_000, {
    measured: Array.from({ length: 14 }, () => ({ seconds: 2.15 })),
  });
  assert.equal(compare(profile(), slower).status, 'same');
});

describe('refused', () => {
  const settings = profile().settings;
  const readBy = (phonemes: string, phonemesFrom: 'misaki' | 'tidemark'): ProfileDocument => ({
    ...profile(),
    settings: { ...settings, phonemes: [phonemes], phonemesFrom },
  });
  const others: readonly [what: string, after: ProfileDocument, pattern: RegExp][] = [
    ['another text', { ...profile(), settings: { ...settings, phonemes: ['ɡˈʊd'] } }, /a different text/],
    [
      'another reader',
      readBy('ɡˈʊd', 'tidemark'),
      /text was read differently: a\.json .* misaki, b\.json .* Tidemark/,
    ],
    ['another voice', { ...profile(), settings: { ...settings, voice: 'bm_george' } }, /a different voice/],
    ['another speed', { ...profile(), settings: { ...settings, speed: 2 } }, /a different speed/],
    [
      'another kind of device',
      { ...profile(), device: { ...profile().device, type: 'gpu' } },
      /on the CPU, b\.json on the GPU/,
    ],
  ];
  for (const [what, after, pattern] of others) {
    const before = what === 'another reader' ? readBy('ɡˈuːd', 'misaki') : profile();
    test(what, () => assert.throws(() => compare(before, after), notComparable(pattern)));
  }

  test('studies without a model in common, and a study without the profile’s', () => {
    const study = exampleStudy();
    const other = exampleStudy({ runs: [] });
    assert.throws(() => compare(study, other), notComparable(/b\.json has no run/));
    assert.throws(() => compare(study, profile(6e8, { name: 'other' })), notComparable(/no model in common/));
  });
});

test('the text itself does not matter where the phonemes are the same', () => {
  const spelt = { ...profile(), settings: { ...profile().settings, text: 'Hello!' } };
  assert.equal(compare(profile(), spelt).status, 'same');
});

describe('warned of', () => {
  test('another model, other weights, another MLX, other audio', () => {
    const other = profile(600_000_000, {
      name: '4bit',
      measured: Array.from({ length: 14 }, () => ({ samples: 95_400 })),
    });
    const [model] = compare(profile(), { ...other, versions: { ...other.versions, mlx: '0.33.0' } }).models;
    assert.equal(model?.warnings.length, 3);
    const rebuilt = profile();
    const source = { ...rebuilt.model.source, sha256: 'b'.repeat(64) };
    const [same] = compare(profile(), { ...rebuilt, model: { ...rebuilt.model, source } }).models;
    assert.match(same?.warnings[0] ?? '', /different weights files/);
  });

  test('MLX that was set differently', () => {
    const set = { ...profile(), settings: { ...profile().settings, mlx: { bfsWidth: 1 } } };
    const [model] = compare(profile(), set).models;
    assert.deepEqual(model?.warnings, [
      'MLX was set differently: MLX’s own settings and MLX_BFS_MAX_WIDTH=1.',
    ]);
    assert.deepEqual(compare(set, set).models[0]?.warnings, []);
  });

  test('another engine, which says the same', () => {
    const foreign = { ...profile(), settings: { ...profile().settings, engine: 'mlx-audio' } } as const;
    assert.deepEqual(compare(profile(), foreign).models[0]?.warnings, [
      'The engines differ: tidemark and mlx-audio.',
    ]);
    assert.deepEqual(compare(foreign, foreign).models[0]?.warnings, []);
  });

  test('another strategy', () => {
    const lean = { ...profile(), settings: { ...profile().settings, strategy: 'lean' } } as const;
    assert.deepEqual(compare(profile(), lean).models[0]?.warnings, [
      'The strategies differ: faithful and lean.',
    ]);
    assert.deepEqual(compare(lean, lean).models[0]?.warnings, []);
  });

  test('another machine, whose times then carry no verdict', () => {
    const elsewhere = { ...profile(), device: { ...profile().device, name: 'Another processor' } };
    const [model] = compare(profile(), elsewhere).models;
    assert.equal(model?.metrics.find(({ metric }) => metric === 'seconds')?.status, 'inconclusive');
    assert.equal(model.metrics.find(({ metric }) => metric === 'peak')?.status, 'same');
  });
});

describe('no verdict', () => {
  test('on runs that were interrupted or failed, though their figures differ', () => {
    const cut = profile(900_000_000, { outcome: { status: 'interrupted', reason: 'Stopped.' } });
    const interrupted = { ...cut, settings: { ...cut.settings, iterations: 30 } };
    const { status, models } = compare({ ...profile(), settings: interrupted.settings }, interrupted);
    assert.equal(status, 'inconclusive');
    assert.match(models[0]?.metrics[1]?.sentence ?? '', /second run was interrupted after 14 of 30/);
  });

  test('on runs of three iterations', () => {
    const short = (peakBytes: number) =>
      exampleProfile({ measured: [{ peakBytes }, { peakBytes }, { peakBytes }] });
    const { status, sentence } = compare(short(6e8), short(9e8));
    assert.equal(status, 'inconclusive');
    assert.equal(
      sentence,
      'Inconclusive: bf16 (active memory, peak, and time: a verdict takes at least 5 measured iterations on each side, and there are 3 and 3).',
    );
  });

  test('on figures that vary too much, with the interval and what it holds', () => {
    const varying = (peaks: readonly number[]) =>
      exampleProfile({ measured: peaks.map((peakBytes) => ({ peakBytes })) });
    const wide = varying([500e6, 700e6, 520e6, 690e6, 600e6, 610e6]);
    const { models, sentence } = compare(wide, varying([530e6, 720e6, 560e6, 700e6, 590e6, 650e6]));
    const [, peak] = models[0]?.metrics ?? [];
    assert.match(
      peak?.reason ?? '',
      /^it differs by \+[\d.]+ MB \([\d.]+%\), and the 99% interval of 6 and 6 iterations, -[\d.]+ MB to \+[\d.]+ MB, includes no change and exceeds the threshold of 2% \(12\.1 MB\)$/,
    );
    assert.equal(sentence, `Inconclusive: bf16 (peak: ${peak?.reason ?? ''}).`);
  });

  test('on another machine for times alone, and says so', () => {
    const elsewhere = { ...profile(), device: { ...profile().device, name: 'Another processor' } };
    assert.equal(
      compare(profile(), elsewhere).sentence,
      'Inconclusive: bf16 (time: the two were measured on different machines).',
    );
  });
});

test('texts that differ late are quoted from where they do', () => {
  const saying = (word: string): ProfileDocument => ({
    ...profile(),
    settings: { ...profile().settings, phonemes: [`${'həlˈO '.repeat(20)}${word} ðɛɹ`] },
  });
  assert.throws(
    () => compare(saying('wˈʌn'), saying('tˈu')),
    notComparable(/“…həlˈO wˈʌn ðɛɹ”, b\.json with “…həlˈO tˈu ðɛɹ”/),
  );
});

test('a new leak is worse, an old one and one that nobody asked for before are not', () => {
  const clean = { ...profile(), leaks: cleanLeaks() };
  const leaking = { ...profile(), leaks: exampleLeaks() };
  assert.equal(compare(clean, leaking).status, 'worse');
  assert.equal(compare(clean, leaking).sentence, 'Worse: bf16 (a leak in active memory).');
  assert.equal(compare(leaking, leaking).status, 'same');
  const unasked = compare(profile(), leaking);
  assert.equal(unasked.status, 'same');
  assert.match(unasked.models[0]?.warnings[0] ?? '', /was not checked for leaks/);
});

describe('studies', () => {
  test('are matched by the names of their models, and what has no counterpart is named', () => {
    const runs = exampleRuns();
    const before = exampleStudy({ runs: runs.slice(0, 3) });
    const after = exampleStudy({ runs: runs.slice(1).toReversed() });
    const { models, unmatched, status, sentence } = compare(before, after);
    assert.deepEqual(
      models.map((model) => model.after),
      ['8bit-fp32', '6bit-fp32'],
    );
    assert.deepEqual(
      unmatched.map(({ model, onlyIn }) => [model, onlyIn]),
      [
        ['bf16', 'before'],
        ['4bit-bf16', 'after'],
        ['4bit-fp32', 'after'],
      ],
    );
    assert.equal(status, 'inconclusive');
    assert.match(sentence, /Not compared: bf16 appears only in the first/);
  });

  test('by several engines are matched by engine too, also with a study by one of them', () => {
    const study = exampleEngineStudy();
    const both = compare(study, study);
    assert.equal(both.status, 'same');
    assert.equal(both.models.length, 10);
    assert.deepEqual(both.unmatched, []);
    const [, other] = studiesOf(study);
    assert.ok(other);
    const one = compare({ ...other }, study);
    assert.equal(one.models.length, 5);
    assert.deepEqual(one.unmatched.map(({ model, onlyIn }) => [model, onlyIn]).at(0), [
      'bf16 (tidemark)',
      'after',
    ]);
    assert.ok(one.models.every(({ warnings }) => !warnings.some((each) => each.includes('engines differ'))));
  });

  test('hold the run that a profile is compared with', () => {
    const [, , , fourBit] = exampleRuns();
    assert.ok(fourBit);
    const { models, unmatched, status } = compare(exampleStudy(), fourBit);
    assert.deepEqual([models.length, unmatched.length, status], [1, 0, 'same']);
    assert.equal(compare(fourBit, exampleStudy()).status, 'same');
  });
});

describe('watched programs', () => {
  const compare = (a: RunDocument, b: RunDocument) =>
    compareDocuments({ file: 'a', document: a }, { file: 'b', document: b }, 0.02);

  test('are compared by what their iterations took, and a new leak is worse', () => {
    const { status, models } = compare(exampleWatch(), exampleWatch({ keptBytes: 4096 }));
    assert.equal(status, 'worse');
    assert.deepEqual(models[0]?.newLeaks, ['activeBytes', 'liveArrays', 'trackedObjects']);
    assert.deepEqual(models[0].metrics.map(({ metric, status: each }) => [metric, each]).slice(0, 2), [
      ['active', 'same'],
      ['peak', 'same'],
    ]);
    assert.equal(compare(exampleWatch(), exampleWatch()).status, 'same');
  });

  test('that were started by other commands say so', () => {
    const other = exampleWatch();
    const program = { ...other.program, command: ['python', 'other.py'] };
    assert.match(
      compare(other, { ...other, program }).models[0]?.warnings.join() ?? '',
      /The commands differ/,
    );
  });

  test('are not compared with profiles, nor where an iteration is something else', () => {
    assert.throws(() => compare(exampleWatch(), exampleProfile()), /a is a watched program, and b is not/);
    assert.throws(
      () => compare(exampleWatch(), exampleWatch({ marks: { kind: 'eval', calls: 15 } })),
      /not the same in both: a has them by calls of mx\.clear_cache, b by calls of mx\.eval/,
    );
  });
});
