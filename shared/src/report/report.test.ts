/** The page of every kind of document: safe whatever the document says, whole whatever it lacks, and asking no one for anything. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { exampleWatch } from '../../test/example-watch.ts';
import { exampleProfile } from '../../test/example-documents.ts';
import { judgeRun } from '../analysis/leak-verdicts.ts';
import { profileDocument } from '../protocol/profile-document.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { studyDocument } from '../protocol/study-document.ts';
import type { StudyDocument } from '../protocol/study-document.ts';
import {
  cleanLeaks,
  exampleAnswer,
  exampleAttribution,
  exampleLeaks,
  exampleRuns,
  exampleEngineStudy,
  exampleStudy,
  fullProfile,
} from '../../test/example-reports.ts';
import { gpuAnswer } from '../../test/simulated-gpu.ts';
import { renderReport } from './report.ts';

/** An anomaly that nothing explains. */
function unexplained(): StudyDocument {
  const answer = exampleAnswer();
  return exampleStudy({
    answer: {
      ...answer,
      explanations: answer.explanations.map((explanation) => ({
        ...explanation,
        verdicts: explanation.verdicts.map((verdict) => {
          const { hypothesis, statement, prediction, arms, sentence, opposite } = verdict;
          return {
            hypothesis,
            statement,
            prediction,
            arms,
            sentence,
            opposite,
            status: 'not-tested' as const,
          };
        }),
        remainderBytes: explanation.isAnomaly ? explanation.difference.estimate : 0,
      })),
      refusals: [],
    },
  });
}

const interrupted = (): ProfileDocument => ({
  ...exampleProfile({
    measured: [{}, {}],
    outcome: { status: 'interrupted', reason: 'The model host was ended by SIGKILL.', signal: 'SIGKILL' },
  }),
  settings: { ...exampleProfile().settings, iterations: 15 },
});

const unmeasured = (): ProfileDocument => ({ ...interrupted(), iterations: [], summary: undefined });

const documents: readonly [what: string, document: RunDocument][] = [
  ['a profile with everything', fullProfile()],
  [
    'a profile with layers, and no leak',
    { ...fullProfile(), attribution: exampleAttribution('layers'), leaks: cleanLeaks() },
  ],
  ['a profile of three iterations', exampleProfile({ measured: [{}, {}, {}] })],
  ['a profile of one iteration', exampleProfile({ measured: [{}] })],
  ['an interrupted profile', interrupted()],
  ['a profile without any iteration', unmeasured()],
  ['a profile of 3,000 iterations', exampleProfile({ measured: Array.from({ length: 3000 }, () => ({})) })],
  ['a study with an answer', exampleStudy()],
  ['a study by several engines', exampleEngineStudy()],
  ['a study without one', exampleStudy({ answer: undefined })],
  ['a study whose anomaly nothing explains', unexplained()],
  [
    'a study that measured nothing',
    exampleStudy({ runs: [], answer: { ...exampleAnswer(), explanations: [], refusals: [] } }),
  ],
  [
    'a study with a failure, a skipped model and an interrupted one',
    exampleStudy({
      runs: [...exampleRuns().slice(0, 2), interrupted()],
      failures: [{ model: '6bit-fp32', error: { code: 'network', message: 'It is away.', hint: 'Wait.' } }],
      skipped: ['4bit-bf16'],
      outcome: 'interrupted',
    }),
  ],
  [
    'a study with leaks and attribution in its runs',
    exampleStudy({
      runs: exampleRuns().map((run) => ({
        ...run,
        leaks: exampleLeaks(),
        attribution: exampleAttribution(),
      })),
    }),
  ],
];

/** The pages with a trace have a script of their own: trace-section.test.ts is about them. */
for (const [what, document] of documents) {
  describe(what, () => {
    const page = renderReport(document);

    test('is a document of its schema', () => {
      const json: unknown = JSON.parse(JSON.stringify(document));
      assert.doesNotThrow(() => v.parse(document.kind === 'study' ? studyDocument : profileDocument, json));
    });

    test('has a title, an answer, and what it was measured with', () => {
      assert.match(page, /<h1>(Memory of|Study of) /);
      assert.match(page, /class="answer"/);
      assert.match(page, /How it was measured/);
      assert.match(page, /<h2>Terms<\/h2>/);
    });

    test('asks no one for anything, and runs nothing', () => {
      assert.match(page, /content="default-src 'none'; style-src 'unsafe-inline'"/);
      assert.doesNotMatch(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', ''), /https?:|\/\/[a-z]/i);
      assert.doesNotMatch(
        page,
        /<script|<link|<img|<iframe|<object|<base|\bsrc=|\bhref=|url\(|@import|\son\w+=/i,
      );
    });

    test('holds no figure that is none', () => {
      assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
    });

    test('closes every element that it opens', () => assertBalanced(page));

    test('is small enough to send', () => assert.ok(page.length < 1_500_000, `${page.length}`));
  });
}

/** Elements that HTML does not close. */
const voidElements = new Set(['meta', 'br', 'hr', '!doctype']);

function assertBalanced(page: string): void {
  const open: string[] = [];
  for (const [, slash, name = '', rest = ''] of page.matchAll(/<(\/?)([!a-z0-9]+)([^>]*)>/gi)) {
    if (voidElements.has(name) || rest.endsWith('/')) {
      continue;
    }
    if (slash === '/') {
      assert.equal(open.pop(), name);
    } else {
      open.push(name);
    }
  }
  assert.deepEqual(open, []);
}

test('every text of a document is escaped, wherever it stands', () => {
  const evil = `</style><script>alert(1)</script>" onload='x' &amp;`;
  const poison = <Value>(value: Value): Value =>
    JSON.parse(
      JSON.stringify(value, (key, each: unknown) =>
        typeof each === 'string' && !safeKeys.has(key) ? `${each}${evil}` : each,
      ),
    ) as Value;
  // Words of closed sets, which the schemas admit nothing else for.
  const safeKeys = new Set([
    'kind',
    'status',
    'granularity',
    'channel',
    'hypothesis',
    'intervention',
    'type',
    'startedAt',
    'course',
    'outcome',
    'code',
    'peakRelation',
    'engine',
    'queue',
  ]);
  for (const [what, document] of documents) {
    const page = renderReport(poison(document));
    assert.doesNotMatch(page, /<script|<\/style>[^\n]|onload='/, what);
    assert.match(page, /&lt;\/style&gt;&lt;script&gt;/, what);
    assertBalanced(page);
  }
});

describe('what the page says', () => {
  test('shares and the remainder add up to the anomaly, in figures and as a chart', () => {
    const page = renderReport(exampleStudy());
    const sum = /Together: (.+?) remainder = \+(\d+\.\d) MB/.exec(page);
    assert.ok(sum);
    const terms = [...(sum[1] ?? '').matchAll(/([+−]) (\d+\.\d) MB/g)];
    assert.ok(terms.length >= 5);
    const total = terms.reduce((all, [, sign, amount]) => all + (sign === '−' ? -1 : 1) * Number(amount), 0);
    assert.ok(Math.abs(total - Number(sum[2])) < 0.05 * (terms.length + 1));
    assert.match(page, /How the parts make up the anomaly of 4bit-fp32, in MB/);
  });

  test('a study on a GPU says of which anomaly a share is one, and has the queue among the parts of each peak', () => {
    const page = renderReport(exampleStudy({ answer: gpuAnswer({ iterations: 60 }) }));
    assert.match(page, /with the queue drained on both sides: \+107\.\d MB/);
    assert.match(page, /remainder = \+\d+\.\d MB, the anomaly as MLX is by default\./);
    assert.match(page, /% of the anomaly as MLX is by default\./);
    assert.match(page, /Iterations: as given \/ with the queue drained \/ one operation wide\./);
    assert.match(page, /What each peak is for, in MB/);
    assert.match(page, /<td[^>]*>60 \/ 6 \/ 6<\/td>/);
    assert.match(page, /MLX_MAX_OPS_PER_BUFFER=1 in the environment .* off these peaks/);
    const hidden = renderReport(
      exampleStudy({
        answer: gpuAnswer({
          queueMB: { bf16: 169, quantized: 35 },
          changes: [{ queue: 'default', loadedMB: 282.7, peakMB: 440 }],
        }),
      }),
    );
    assert.match(hidden, /remainder = \+10[67]\.\d MB, the anomaly with the queue drained\./);
  });

  test('a study on the CPU says that nothing is queued, and what the order of evaluation costs', () => {
    const page = renderReport(exampleStudy());
    assert.match(page, /On the CPU there are no command buffers/);
    assert.match(page, /<\/svg>not applicable<\/span>/);
    assert.match(page, /MLX_BFS_MAX_WIDTH=1 in the environment .* off these peaks/);
    assert.doesNotMatch(page, /MLX_MAX_OPS_PER_BUFFER=1 in the environment/);
  });

  test('a status is a word and a shape, not a colour alone', () => {
    const page = renderReport(exampleStudy());
    for (const word of ['supported', 'refuted']) {
      assert.match(page, new RegExp(`<span class="status [a-z-]+"><svg[^>]*>.*?</svg>${word}</span>`));
    }
  });

  test('a verdict has its arms and what would have shown the opposite', () => {
    const page = renderReport(exampleStudy());
    assert.match(page, /4bit-fp32 \(rest-bfloat16\)/);
    assert.match(page, /evidence against it/);
  });

  test('a clean channel says the smallest leak that it would have shown', () => {
    assert.match(
      renderReport({ ...fullProfile(), leaks: cleanLeaks() }),
      /No leak above 1 B per iteration\./,
    );
  });

  test('the remedy stands in the answer, with its command', () => {
    const page = renderReport(exampleStudy());
    const answer = page.slice(page.indexOf('class="answer"'), page.indexOf('<section>'));
    assert.match(answer, /Avoid it: .*<pre>tidemark requantize /);
  });

  test('a remedy for several models with the same cause stands there once, whatever it saves in each', () => {
    const study = exampleStudy();
    const { answer } = study;
    assert.ok(answer);
    const of = (model: string, saved: string) => {
      const [explanation] = answer.explanations;
      assert.ok(explanation?.remedy);
      const sentence = explanation.remedy.sentence.replace(/[\d.]+ MB/, saved);
      return { ...explanation, model, remedy: { sentence, command: `tidemark requantize ${model}` } };
    };
    const explanations = [of('8bit-fp32', '1.0 MB'), of('6bit-fp32', '2.0 MB'), of('4bit-fp32', '3.0 MB')];
    const page = renderReport({ ...study, answer: { ...answer, explanations } });
    const text = page.slice(page.indexOf('class="answer"'), page.indexOf('<section>'));
    assert.equal(text.match(/Avoid it/g)?.length, 1);
    assert.match(text, /tidemark requantize 4bit-fp32/);
    assert.match(text, /The same holds for 8bit-fp32 and 6bit-fp32: see below\./);
  });

  test('three iterations claim nothing about slow leaks, and none nothing about the peak', () => {
    assert.match(renderReport(exampleProfile({ measured: [{}, {}, {}] })), /cannot reveal a slow leak/);
    assert.match(renderReport(unmeasured()), /so its peak is unknown/);
  });

  test('weights have their source and hash', () => {
    assert.ok(renderReport(exampleStudy()).includes('a'.repeat(64)));
  });
});

test('a kept cache has its curve, its rates, what to do about it, and its part of the footprint', () => {
  const growing = { cacheBeforeBytes: 0, newShapes: 1, activeBytes: 160_500_000 };
  const base = exampleProfile({
    measured: Array.from({ length: 15 }, (_, place) => ({
      ...growing,
      cacheBytes: 1e8 * (place + 2),
      footprintBytes: 3e8 + 1e8 * (place + 2),
      audioSeconds: 2 + place / 4,
    })),
  });
  const { iterations } = base;
  const leaks = judgeRun({ iterations, iterationsAsked: 15, keepCache: true });
  const page = renderReport({ ...base, leaks, settings: { ...base.settings, keepCache: true } });
  assert.match(page, /Cache: grows without end, with each new length/);
  assert.match(page, /cache per new length/);
  assert.match(page, /Set a cache limit: .*mx\.set_cache_limit\(/);
  assert.match(page, /Active memory, peak memory, and cache of bf16/);
  assert.match(page, /cache, kept/);
  assert.doesNotMatch(renderReport(base), /cache per new length|cache, kept/);
});

test('another engine is named under the title, with its version and the words of its channels', () => {
  const own = exampleProfile();
  const page = renderReport({
    ...own,
    settings: { ...own.settings, engine: 'mlx-audio' },
    versions: {
      ...own.versions,
      python: '3.11.7',
      packages: { mlx: own.versions.mlx, 'mlx-audio': '0.6.2' },
    },
  });
  assert.match(page, /iterations? in mlx-audio 0\.6\.2; /);
  const study = exampleStudy();
  const foreign = renderReport({ ...study, settings: { ...study.settings, engine: 'mlx-audio' } });
  assert.match(foreign, /iterations? each in mlx-audio/);
  assert.doesNotMatch(renderReport(study), /iterations? each in /);
  assert.match(page, /<dt>tracked objects<\/dt>/);
  assert.match(page, new RegExp(`MLX ${own.versions.mlx}, .*Python 3\\.11\\.7, mlx-audio 0\\.6\\.2<`));
  assert.doesNotMatch(renderReport(own), /mlx-audio|tracked objects/);
});

test('a study by several engines has whether they agree first, then both side by side, then each with its engine in the titles', () => {
  const html = renderReport(exampleEngineStudy());
  const text = html.replaceAll(/<[^>]+>/g, ' ');
  assert.match(html, /<div class="answer"><p>The engines agree on the cause of the anomaly of 4bit-fp32/);
  assert.match(text, /Side by side/);
  for (const title of ['Peak memory', 'Why', 'Memory by iteration', 'How it was measured']) {
    for (const engine of ['tidemark', 'mlx-audio']) {
      assert.ok(html.includes(`<h2>${title}, ${engine}</h2>`), `${title}, ${engine}`);
    }
  }
  assert.match(text, /\+52\.\d MB, in other parts/);
  assert.match(text, /cannot be told/);
  assert.match(text, /Not tested, which is no disagreement/);
  assert.ok(!renderReport(exampleStudy()).includes('Side by side'));
});

test('a watched program has its leaks, its peaks, and whose Python ran it, and what it is called is only text', () => {
  const program = {
    ...exampleWatch().program,
    name: '<b>.py',
    command: ['python', '<b>.py'],
    otherProcesses: 1,
  };
  const html = renderReport(exampleWatch({ keptBytes: 4096, program }));
  for (const words of [
    /Leak: active memory \+4\.1 kB/,
    /never resets the peak/,
    /live arrays/,
    /Python/,
    /&lt;b&gt;\.py/,
    /, of which the first is warm-up/,
    /<dt>live arrays<\/dt>/,
  ]) {
    assert.match(html, words);
  }
  assert.ok(!html.includes('<b>.py'));
  const empty = renderReport(exampleWatch({ length: 0, marks: { kind: 'none', calls: 0 } }));
  assert.match(empty, /No iterations were recognized/);
});
