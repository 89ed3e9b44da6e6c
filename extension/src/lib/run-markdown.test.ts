import { describe, expect, test } from 'vitest';
import { exampleInterruptedRun, exampleRun } from '@tidemark/client/testing/example-messages';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { compareDocuments } from '@tidemark/client/analysis/comparison';
import { judgeRun } from '@tidemark/client/analysis/leak-verdicts';
import { exampleProfile, exampleSample } from '@tidemark/client/testing/example-documents';
import { pictureOf } from '@tidemark/client/analysis/trace/picture';
import { exampleTrace } from '@tidemark/client/testing/example-trace';
import { exampleAnswer, exampleStudy, fullProfile } from '@tidemark/client/testing/example-reports';
import { exampleWatch } from '@tidemark/client/testing/example-watch';
import { gpuAnswer } from '@tidemark/client/testing/simulated-gpu';
import { svgImage } from './charts.ts';
import { plain, table } from './markdown.ts';
import { comparisonMarkdown, runMarkdown } from './run-markdown.ts';

const options = { width: 450, unit: 'MB', appearance: 'light', isBrief: false } as const;

const charts = (markdown: string): string[] =>
  [...markdown.matchAll(/data:image\/svg\+xml;base64,([^?)]+)/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );

describe('a run as text', () => {
  test('a profile has its chart, its channels and what its peak is made of', () => {
    const text = runMarkdown({ record: exampleRun(), document: fullProfile(), samples: [] }, options);
    expect(charts(text).length).toBe(2);
    expect(text).toMatch(/\| active memory \| ▲ leak/);
    expect(text).toMatch(/The largest stages/);
  });

  test('a kept cache has its curve, its verdict, its rates and what to do about it', () => {
    const base = exampleProfile({
      measured: Array.from({ length: 15 }, (_, place) => ({
        cacheBytes: 1e8 * (place + 2),
        newShapes: 1,
        audioSeconds: 2 + place / 4,
      })),
    });
    const leaks = judgeRun({ iterations: base.iterations, iterationsAsked: 15, keepCache: true });
    const document = { ...base, leaks, settings: { ...base.settings, keepCache: true } };
    const text = runMarkdown({ record: exampleRun(), document, samples: [] }, { ...options, width: 420 });
    expect(charts(text)[0]).toMatch(/peak memory, and cache of bf16.*▲: new length/s);
    expect(text).toMatch(/\| cache \| ▲ grows \| \+\d/);
    expect(text).toMatch(/\| new length \| /);
    expect(text).toMatch(/Set a cache limit: /);
  });

  test('a study by two engines has the findings of each under its name, after what all say', () => {
    const first = exampleStudy();
    const settings = { ...first.settings, engine: 'mlx-audio' as const };
    const document = { ...first, otherEngines: [{ ...first, settings }], conclusion: 'Both agree.' };
    const text = runMarkdown({ record: exampleRun(), document, samples: [] }, options);
    expect(text).toMatch(/^Both agree\.[\s\S]*^## tidemark$[\s\S]*^## mlx\\?-audio$/m);
    const alone = runMarkdown({ record: exampleRun(), document: first, samples: [] }, options);
    expect(charts(text).length).toBe(2 * charts(alone).length);
    expect(alone).not.toMatch(/^## tidemark$/m);
  });

  test('a trace has its picture, still, on a screen of its own, and two are in one', () => {
    const pictures = [
      pictureOf('bf16', exampleTrace({ operations: 22_000 }), 450),
      pictureOf('bf16', exampleTrace({ order: 'depth-first', seed: 4 }), 450),
    ];
    const detail = { record: exampleRun(), document: fullProfile(), samples: [], pictures };
    const drawn = charts(runMarkdown(detail, options));
    expect(drawn.length).toBe(3);
    expect(drawn[2]).toMatch(/<title>Memory of bf16 by operation, in MB<.*>peak 356\.2 MB</s);
    expect(drawn[2]).toContain('bf16, depth-first order: peak');
    expect(drawn[2]?.length).toBeLessThan(100_000);
    expect(charts(runMarkdown(detail, { ...options, isBrief: true })).length).toBe(1);
  });

  test('a watched program has its chart with the cache, what marks its iterations, and its channels', () => {
    const document = exampleWatch({ keptBytes: 4096 });
    const record = exampleRun(1, { kind: 'watch', models: [document.program.name], voice: undefined });
    const text = runMarkdown({ record, document, samples: [] }, options);
    expect(charts(text)[0]).toMatch(/peak memory, and cache of memory_profiler\.py/);
    expect(text).toMatch(/recognized by mx\.clear\\?_cache at memory\\?_profiler\.py:36/);
    expect(text).toMatch(/\| live arrays \| ▲ leak \| \+1 array/);
    expect(runMarkdown({ record, document, samples: [] }, { ...options, isBrief: true })).not.toMatch(
      /\| Channel/,
    );
    const empty = exampleWatch({ length: 0, marks: { kind: 'none', calls: 0 } });
    expect(charts(runMarkdown({ record, document: empty, samples: [] }, options))).toEqual([]);
  });

  test('beside a list it has the one chart that there is room for', () => {
    const record = exampleRun();
    const text = runMarkdown({ record, document: fullProfile(), samples: [] }, { ...options, isBrief: true });
    expect(charts(text).length).toBe(1);
    expect(text).not.toMatch(/\| Channel/);
  });

  test.each<readonly [Partial<RunRecord>, RegExp]>([
    [{ state: 'queued' }, /^Queued\.$/],
    [{ state: 'running' }, /^Running; no iteration is complete yet\.$/],
    [{ state: 'running', samplesTaken: 1 }, /^Running; 1 iteration so far\.$/],
    [{ state: 'cancelled' }, /No iterations were measured\.$/],
    [{ state: 'interrupted', samplesTaken: 4 }, /^\*\*Interrupted after 4 iterations[^]*\*\*$/],
  ])('a study says how far it is: %o', (changes, text) => {
    const unmeasured = { kind: 'study', samplesTaken: 0, finding: undefined, leak: undefined } as const;
    const record = exampleRun(1, { ...unmeasured, ...changes });
    expect(runMarkdown({ record, samples: [] }, options)).toMatch(text);
  });

  test('a run that left samples only has their chart, and says how it ended', () => {
    const record = exampleInterruptedRun();
    const text = runMarkdown({ record, samples: [0, 1, 2].map((index) => exampleSample(index)) }, options);
    expect(charts(text).length).toBe(1);
    expect(text).toMatch(/^\*\*Interrupted after/);
  });

  test('a study says its conclusion first, then why each model differs, with every verdict', () => {
    const study = exampleStudy({ answer: exampleAnswer() });
    const record = exampleRun(7, { kind: 'study', models: study.models });
    const text = runMarkdown({ record, document: study, samples: [] }, options);
    expect(text.startsWith(study.conclusion)).toBe(true);
    for (const { model, sentence, verdicts } of exampleAnswer().explanations) {
      expect(text).toContain(`### ${model}\n\n${sentence}`);
      for (const { statement } of verdicts) {
        expect(text).toContain(statement);
      }
    }
  });

  test('a study says what each peak is for, and of a GPU of which anomaly a share is one', () => {
    const record = exampleRun(7, { kind: 'study' });
    const textOf = (answer: ReturnType<typeof exampleAnswer>, isBrief = false): string =>
      runMarkdown({ record, document: exampleStudy({ answer }), samples: [] }, { ...options, isBrief });
    const gpu = textOf(gpuAnswer({ iterations: 60 }));
    expect(gpu).toMatch(
      /\| Peak of \| Median \| Weights and voice \| Operations \| Order of evaluation \| Queued work \|/,
    );
    expect(gpu).toMatch(/MLX_MAX_OPS_PER_BUFFER=1 in the environment/);
    expect(gpu).toMatch(/\| Share, by default \|/);
    const cpu = textOf(exampleAnswer());
    expect(cpu).toMatch(/– not applicable/);
    expect(cpu).toMatch(/\| Share \|/);
    expect(cpu).not.toMatch(/Queued work/);
    expect(textOf(exampleAnswer(), true)).not.toMatch(/Peak of/);
  });

  test('an inconclusive comparison says why, with its figures', () => {
    const vary = (peaks: readonly number[]) =>
      exampleProfile({ measured: peaks.map((peakBytes) => ({ peakBytes })) });
    const before = { file: '#1', document: vary([5e8, 7e8, 5.2e8, 6.9e8, 6e8, 6.1e8]) };
    const after = { file: '#2', document: vary([5.3e8, 7.2e8, 5.6e8, 7e8, 5.9e8, 6.5e8]) };
    const text = comparisonMarkdown(compareDocuments(before, after, 0.02), options);
    expect(text).toMatch(
      /^## ◐ inconclusive\n\nInconclusive: bf16 \(peak: it differs by .*interval of 6 and 6 iterations, .* includes no change/,
    );
  });

  test('what would end a cell of a table is escaped', () => {
    expect(table(['a|b'], [['c\nd']])).toBe('| a\\|b |\n| --- |\n| c d |');
  });

  test.each([
    ['![x](https://example.com/x.png)', '!\\[x\\](https://example.com/x.png)'],
    ['<img src="x">', '\\<img src="x">'],
    ['one\n\n# two', 'one # two'],
    ['**bold** \\[x]', '\\*\\*bold\\*\\* \\\\\\[x\\]'],
    ['an `unfinished', 'an \\`unfinished'],
    ['Run `tidemark runs delete [id]`.', 'Run `tidemark runs delete [id]`.'],
  ])('text that is no Markdown stays text: %s', (text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  test('no image is loaded that an imported run names', () => {
    const name = '![x](https://example.com/x.png)';
    const profile = fullProfile();
    const document = { ...profile, model: { ...profile.model, name } };
    const text = runMarkdown({ record: exampleRun(1, { finding: name }), document, samples: [] }, options);
    expect(text).not.toMatch(/!\[x/);
  });
});

describe('charts', () => {
  test('a chart says its size to Raycast, and nothing that ends its markdown', () => {
    const image = svgImage(
      '<svg xmlns="x" viewBox="0 0 4 2" width="4" height="2"><title>peak [of] it</title></svg>',
    );
    expect(image).toMatch(/^!\[peak {2}of {2}it\]\(data:[^)]+\?raycast-width=4&raycast-height=2\)$/);
  });
});
