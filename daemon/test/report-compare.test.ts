/** `tidemark report` and `tidemark compare` as real processes. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as v from 'valibot';
import { comparisonDocument } from '@tidemark/shared/protocol/comparison-document.ts';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import { exampleAttribution, exampleStudy, fullProfile } from '@tidemark/shared/test/example-reports.ts';
import { exampleTrace } from '@tidemark/shared/test/example-trace.ts';
import { runCli } from './cli.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

const measured = (peakBytes: number) =>
  exampleProfile({ measured: Array.from({ length: 14 }, () => ({ peakBytes })) });

const at = (name: string): string => join(folder, name);

function keep(name: string, document: object): void {
  writeFileSync(at(`${name}.json`), JSON.stringify(document));
}

const run = (...words: string[]) => runCli(words, { folder });

before(() => {
  keep('profile', fullProfile());
  keep('study', exampleStudy());
  keep('traced', { ...fullProfile(), attribution: { ...exampleAttribution(), traces: [exampleTrace()] } });
  keep('before', measured(600_000_000));
  keep('worse', measured(700_000_000));
  keep('three', exampleProfile({ measured: [{}, {}, {}] }));
  keep('other-voice', { ...measured(6e8), settings: { ...measured(6e8).settings, voice: 'bm_george' } });
});

describe('report', () => {
  test('writes a page, a table and the document, and says where', async () => {
    const { code, stdout, stderr } = await run(
      'report',
      'study.json',
      '--out',
      'study.html',
      '--csv',
      'study.csv',
      '--json',
      'copy.json',
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^Wrote study\.html \(.+\)\.\nWrote study\.csv \(.+\)\.\nWrote copy\.json \(.+\)\.\n$/,
    );
    assert.match(readFileSync(at('study.html'), 'utf8'), /^<!doctype html>[\s\S]*<\/html>\n$/);
    assert.match(readFileSync(at('study.csv'), 'utf8'), /^model,phase,index,.*\r\nbf16,warm-up,0,/);
    assert.deepEqual(
      JSON.parse(readFileSync(at('copy.json'), 'utf8')),
      JSON.parse(readFileSync(at('study.json'), 'utf8')),
    );
  });

  test('writes a trace for other viewers, with or without a page, and draws another run’s beside it', async () => {
    const { code, stdout, stderr } = await run(
      ...['report', 'traced.json', '--trace', 'events.json', '--flame-graph', 'peak.json'],
    );
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^Wrote events\.json \(.+\)\.\nWrote peak\.json \(.+\)\.\n$/);
    assert.ok(
      Array.isArray(
        (JSON.parse(readFileSync(at('events.json'), 'utf8')) as Record<string, unknown>)['traceEvents'],
      ),
    );
    assert.match(readFileSync(at('peak.json'), 'utf8'), /speedscope\.app\/file-format-schema\.json/);
    const both = await run('report', 'traced.json', '--beside', 'traced.json', '--out', 'both.html');
    assert.equal(both.code, 0);
    assert.equal(
      readFileSync(at('both.html'), 'utf8').split('font-weight="bold">bf16, MLX’s order').length,
      5,
    );
  });

  test('writes a bug report for MLX where the run shows something of it, and nothing where it does not', async () => {
    const { code, stdout, stderr } = await run('report', 'profile.json', '--issue', 'issue.md');
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^Wrote issue\.md \(.+\)\.\n$/);
    const issue = readFileSync(at('issue.md'), 'utf8');
    assert.match(issue, /^# Active memory grows by 4\.1 kB [^]*```python\n"""Does active memory grow/);
    const { username } = userInfo();
    assert.ok(![homedir(), folder, `/${username}`].some((place) => issue.includes(place)));
    const none = await run('report', 'before.json', '--issue', 'none.md');
    assert.equal(none.code, 1);
    assert.match(
      none.stderr,
      /^error: Nothing in this run is worth a report to MLX: .*\.\nhint: Measure the order/,
    );
    assert.ok(!existsSync(at('none.md')));
  });

  test('takes a document on stdin', async () => {
    const { code } = await runCli(['report', '-', '--out', at('stdin.html')], {
      input: JSON.stringify(fullProfile()),
    });
    assert.equal(code, 0);
    assert.match(readFileSync(at('stdin.html'), 'utf8'), /Memory of bf16/);
  });

  test('replaces an older report whole, and leaves it as it is where the document is bad', async () => {
    writeFileSync(at('old.html'), 'old');
    writeFileSync(at('cut.json'), JSON.stringify(fullProfile()).slice(0, 999));
    const failed = await run('report', 'cut.json', '--out', 'old.html');
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /^error: cut\.json is not JSON, or is truncated\.\nhint: /);
    assert.equal(readFileSync(at('old.html'), 'utf8'), 'old');
    assert.equal((await run('report', 'profile.json', '--out', 'old.html')).code, 0);
    assert.notEqual(readFileSync(at('old.html'), 'utf8'), 'old');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  const wrong: readonly [what: string, words: readonly string[], code: number, pattern: RegExp][] = [
    [
      'a file that is not there',
      ['none.json', '--out', 'x.html'],
      1,
      /^error: There is no file none\.json\.\nhint: /,
    ],
    ['a folder', ['.', '--out', 'x.html'], 1, /^error: \. cannot be read: it is a folder\./],
    ['no --out', ['profile.json'], 2, /^error: .*--out/],
    ...['--trace', '--flame-graph'].map((option): (typeof wrong)[number] => [
      `${option} of a run without a trace`,
      ['profile.json', '--out', 'x.html', option, 'y.json'],
      1,
      /^error: The profile has no trace of its operations\.\nhint: .*--attribute operations/,
    ]),
    [
      'another trace beside it, and no page',
      ['profile.json', '--beside', 'profile.json', '--csv', 'x.html'],
      2,
      /^error: --beside is for the page, .*\nhint: Add --out FILE/,
    ],
    [
      'two runs from stdin',
      ['-', '--beside', '-', '--out', 'x.html'],
      2,
      /^error: Only one of the two inputs/,
    ],
    [
      'a page over the trace beside it',
      ['traced.json', '--beside', 'profile.json', '--out', './profile.json'],
      2,
      /this command already uses that file/,
    ],
    [
      'an output in a folder that is not there',
      ['profile.json', '--out', 'no/x.html'],
      1,
      /^error: The report cannot be written to “no\/x\.html”: there is no such folder\.\nhint: /,
    ],
    [
      'a table over a folder',
      ['profile.json', '--out', 'x.html', '--csv', '.'],
      1,
      /^error: The table cannot be written to “\.”: it is a folder\.\nhint: .*--csv iterations\.csv/,
    ],
    [
      'a report over its own document',
      ['profile.json', '--out', './profile.json'],
      2,
      /this command already uses that file/,
    ],
    [
      'two outputs of one name',
      ['profile.json', '--out', 'x.html', '--csv', 'x.html'],
      2,
      /this command already uses that file/,
    ],
  ];
  for (const [what, words, code, pattern] of wrong) {
    test(`${what}: one sentence, a hint, and nothing is written`, async () => {
      const result = await run('report', ...words);
      assert.equal(result.code, code);
      assert.match(result.stderr, pattern);
      assert.doesNotMatch(result.stderr, /\n\s+at /);
      assert.equal(result.stdout, '');
      assert.ok(!existsSync(at('x.html')));
      assert.deepEqual(
        JSON.parse(readFileSync(at('profile.json'), 'utf8')),
        JSON.parse(JSON.stringify(fullProfile())),
      );
    });
  }

  test('a full disk is said', { skip: !existsSync('/dev/full') }, async () => {
    const { code, stderr } = await run('report', 'profile.json', '--out', '/dev/full');
    assert.equal(code, 1);
    assert.match(stderr, /the disk is full/);
  });

  test('a document without permission is said', { skip: process.getuid?.() === 0 }, async () => {
    keep('closed', fullProfile());
    chmodSync(at('closed.json'), 0);
    assert.match((await run('report', 'closed.json', '--out', 'x.html')).stderr, /permission is denied/);
  });
});

describe('compare', () => {
  test('the same twice is exit code 0, and a table', async () => {
    const { code, stdout, stderr } = await run('compare', 'before.json', 'before.json');
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /bf16 +peak +600\.0 MB +600\.0 MB +0\.0 MB +0\.0% +2\.0% +same/);
    assert.match(stdout, /Nothing got worse/);
  });

  test('a higher peak is exit code 3, as text and as a document', async () => {
    const text = await run('compare', 'before.json', 'worse.json');
    assert.equal(text.code, 3);
    assert.match(text.stdout, /The peak is 100\.0 MB \(16\.7%\) higher, exactly\./);
    const json = await run('compare', 'before.json', 'worse.json', '--json');
    assert.equal(json.code, 3);
    const document = v.parse(comparisonDocument, JSON.parse(json.stdout));
    assert.equal(document.status, 'worse');
    assert.equal(document.models[0]?.metrics[1]?.difference?.estimate, 100_000_000);
  });

  test('a lower one is exit code 0, and a threshold above the difference makes it the same', async () => {
    assert.equal((await run('compare', 'worse.json', 'before.json')).code, 0);
    const { code, stdout } = await run('compare', 'before.json', 'worse.json', '--threshold', '20%');
    assert.equal(code, 0);
    assert.match(stdout, /20\.0% +same/);
  });

  test('three iterations are inconclusive, exit code 0', async () => {
    const { code, stdout } = await run('compare', 'before.json', 'three.json');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /Inconclusive: bf16 \(.*at least 5 measured iterations on each side, and there are \d+ and 3\)\.\n$/,
    );
  });

  test('studies are compared model by model, one of the two on stdin', async () => {
    const { code, stdout } = await runCli(['compare', '-', at('study.json')], {
      input: JSON.stringify(exampleStudy()),
    });
    assert.equal(code, 0);
    assert.equal(stdout.match(/ +peak +/g)?.length, 5);
  });

  const wrong: readonly [what: string, words: readonly string[], code: number, pattern: RegExp][] = [
    [
      'another voice',
      ['before.json', 'other-voice.json'],
      1,
      /^error: The two were measured with a different voice: before\.json with “af_heart”, other-voice\.json with “bm_george”\.\nhint: /,
    ],
    ['stdin twice', ['-', '-'], 2, /Only one of the two/],
    ['a threshold without its sign', ['before.json', 'before.json', '--threshold', '0.02'], 2, /such as 2%/],
    ['only one file', ['before.json'], 2, /missing required argument 'b'/i],
  ];
  for (const [what, words, code, pattern] of wrong) {
    test(`${what}: one sentence and a hint`, async () => {
      const result = await run('compare', ...words);
      assert.equal(result.code, code);
      assert.match(result.stderr, pattern);
      assert.equal(result.stdout, '');
    });
  }
});
