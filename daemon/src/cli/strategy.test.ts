/** The strategy as a person chooses it, for runs here, runs of the daemon, speech, and schedules: real processes, a tiny model. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sayDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { schedulesDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { cliOver, documentIn } from '../../test/cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { TestDaemon, tinyModel } from '../../test/test-daemon.ts';

const folder = temporaryFolder();
const { model, voice, phonemes } = tinyModel();
const speech = ['--voice', voice, '--phonemes', phonemes];
const daemon = await TestDaemon.start();
const cli = cliOver(daemon.dataFolder);
const profile = (...words: string[]) => cli(['profile', model, ...speech, '--iterations', '3', ...words]);

test('a profile names the strategy where it is not the default, and a comparison tells two apart', async () => {
  const documents = await Promise.all(
    [[], ['--strategy', 'faithful'], ['--strategy', 'lean']].map(async (words, index) => {
      const finished = await profile('--local', '--json', ...words);
      writeFileSync(join(folder, `${index}.json`), finished.stdout);
      return documentIn(profileDocument, finished);
    }),
  );
  assert.deepEqual(
    documents.map(({ settings }) => ('strategy' in settings ? settings.strategy : 'absent')),
    ['absent', 'absent', 'lean'],
  );
  const [faithful, , lean] = documents;
  assert.ok(faithful && lean);
  assert.equal(lean.summary?.samples.median, faithful.summary?.samples.median);
  assert.ok(lean.load.weightTensors < faithful.load.weightTensors);
  const compared = await cli(['compare', join(folder, '0.json'), join(folder, '2.json')]);
  assert.match(compared.stdout, /The strategies differ: faithful and lean\./);
  const page = join(folder, 'lean.html');
  assert.equal((await cli(['report', join(folder, '2.json'), '--out', page])).code, 0);
  assert.match(readFileSync(page, 'utf8'), /<dt>strategy<\/dt>\s*<dd>lean<\/dd>/);
});

test('the daemon loads another host for another strategy, and lists runs by it', async () => {
  // The lean network has weight norm fused, so fewer weights; how far the peaks are apart is a matter of what is queued.
  const weightsOf = async (...words: string[]): Promise<number> =>
    documentIn(profileDocument, await profile('--json', ...words)).load.weightTensors;
  const [before, lean, after] = [
    await weightsOf(),
    await weightsOf('--strategy', 'lean'),
    await weightsOf('--strategy', 'faithful'),
  ];
  assert.ok(lean < before);
  assert.equal(after, before);
  const { stdout } = await cli('runs');
  assert.equal(stdout.match(/lean strategy/gu)?.length, 1, stdout);
  const table = await profile('--strategy', 'lean');
  assert.match(table.stdout, /voice af_tiny, seed 0, lean strategy$/m);
});

test('speech can be made by it, and its document says so', async () => {
  const say = ['say', '--model', model, ...speech, '--deterministic', '--out', join(folder, 'a.wav')];
  const [faithful, lean] = [
    documentIn(sayDocument, await cli([...say, '--json'])),
    documentIn(sayDocument, await cli([...say, '--strategy', 'lean', '--json'])),
  ];
  assert.equal(faithful.settings.strategy, undefined);
  assert.equal(lean.settings.strategy, 'lean');
  assert.equal(lean.audio.samples, faithful.audio.samples);
  assert.match(
    (await cli([...say, '--strategy', 'lean'])).stdout,
    /synthesized with .*tiny, the lean strategy,/,
  );
});

test('a schedule keeps its strategy until it is given another', async () => {
  const strategyOf = async (): Promise<string | undefined> =>
    documentIn(schedulesDocument, await cli(['schedule', '--json'])).schedules[0]?.strategy;
  const added = await cli(['schedule', 'add', 'nightly', '--every', '6h', '--strategy', 'lean']);
  assert.equal(added.code, 0, added.stderr);
  assert.equal(await strategyOf(), 'lean');
  assert.match((await cli('schedule')).stdout, /lean strategy/);
  assert.equal((await cli(['schedule', 'set', '1', '--iterations', '12'])).code, 0);
  assert.equal(await strategyOf(), 'lean');
  assert.equal((await cli(['schedule', 'set', '1', '--strategy', 'faithful'])).code, 0);
  assert.doesNotMatch((await cli('schedule')).stdout, /strategy/);
});

test('a study keeps the faithful network, and another strategy is refused', async () => {
  const study = await cli(['study', model, '--strategy', 'lean']);
  assert.equal(study.code, 2);
  assert.match(study.stderr, /Unknown option '--strategy'/);
  const unknown = await profile('--strategy', 'fast');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /Allowed choices are faithful, lean/);
  const elsewhere = await profile('--engine', 'mlx-audio', '--strategy', 'lean');
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /The engine mlx-audio cannot build the network by another strategy/);
});
