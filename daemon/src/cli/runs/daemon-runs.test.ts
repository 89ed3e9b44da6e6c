/** Runs through the daemon, as a person starts, follows, stops and finds them again: real processes, a tiny model. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { comparisonDocument } from '@tidemark/shared/protocol/comparison-document.ts';
import type { RunsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { runsDocument, singleRunDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { errorDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { profileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import { studyDocument } from '@tidemark/shared/protocol/study-document.ts';
import { cliOver, documentIn, refuses, startCli } from '../../../test/cli.ts';
import { isAlive, until } from '../../../test/processes.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { TestDaemon, tinyModel } from '../../../test/test-daemon.ts';

const { model, voice, phonemes } = tinyModel();
const speech = `--voice ${voice} --phonemes ${phonemes}`;
const brief = `${speech} --iterations 2`;
const daemon = await TestDaemon.start();
const cli = cliOver(daemon.dataFolder);

const runs = async (filters = ''): Promise<RunsDocument> =>
  documentIn(runsDocument, await cli(`runs --json${filters}`));

test('a profile is measured by the daemon: progress, report and document as of a local one, and a note where it is kept', async () => {
  // A folder that is relative here is another one for the daemon.
  const { code, stdout, stderr } = await cli(`profile ./${basename(model)} ${brief}`, {
    folder: dirname(model),
  });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^\.\/tiny: loaded in .*\n\.\/tiny: warm-up 1 of 1: active .* MB, peak .* MB/m);
  assert.match(stderr, /^\.\/tiny: iteration 2 of 2: active/m);
  assert.match(stderr, /^Saved as run #1\. To print it again, run `tidemark show 1`\.$/m);
  assert.match(stdout, /^warm-up 1 .*\niteration 1 .*\niteration 2 /m);

  const shown = await cli('show 1');
  assert.ok(shown.stdout.endsWith(stdout), 'it is printed again as it was');
  assert.match(shown.stdout, /^Run #1 +profile of tiny\n/);
  const document = documentIn(profileDocument, await cli('show #1 --json'));
  assert.equal(document.iterations.length, 3);
  const [record] = (await runs()).runs;
  assert.deepEqual(record?.trigger, { kind: 'request', client: 'cli' });
  assert.deepEqual(record.models, [model]);
});

test('--json prints the same document, --fresh takes another process, --local leaves the daemon out', async () => {
  const { total } = await runs();
  const kept = documentIn(profileDocument, await cli(`profile ${model} ${brief} --fresh --json`));
  assert.equal(kept.outcome.status, 'complete');
  assert.equal((await runs()).total, total + 1);
  const local = documentIn(profileDocument, await cli(`profile ${model} ${brief} --local --json`));
  assert.equal(local.outcome.status, 'complete');
  assert.equal((await runs()).total, total + 1);
  assert.deepEqual(Object.keys(kept).toSorted(), Object.keys(local).toSorted());
});

test('a study goes through the daemon too, and on after a model that cannot be loaded', async () => {
  const broken = join(temporaryFolder(), 'broken');
  const models = [model, dirname(broken), model].join(',');
  const finished = await cli(`study --models ${models} ${brief} --json`);
  const { code, stderr } = finished;
  assert.equal(code, 1);
  const document = documentIn(studyDocument, finished);
  assert.equal(document.runs.length, 2);
  assert.equal(document.failures.length, 1);
  assert.match(stderr, /could not be measured\.\nerror: /);
  assert.match(stderr, /tiny \(2 of 2\): iteration 2 of 2/);
  const [record] = (await runs(' --kind study')).runs;
  assert.equal(record?.state, 'failed');
});

test('Ctrl-C cancels the run, and prints what it came to', async () => {
  const running = startCli(`profile ${model} ${speech} --iterations 100000 --json`, {
    environment: { TIDEMARK_HOME: daemon.dataFolder },
  });
  await until(() => running.stderr().includes('iteration 3 of'), 'three iterations', 60);
  running.child.kill('SIGINT');
  const finished = await running.finished;
  assert.equal(finished.code, 130, finished.stderr);
  assert.match(
    finished.stderr,
    /^Stopped by SIGINT; canceling run #\d+\. Press Ctrl-C again to quit immediately\.$/m,
  );
  assert.doesNotMatch(finished.stderr, /^error/m);
  const document = documentIn(profileDocument, finished);
  assert.equal(document.outcome.status, 'interrupted');
  assert.ok(document.iterations.length >= 4);
  const [record] = (await runs(' --state cancelled')).runs;
  assert.equal(record?.samplesTaken, document.iterations.length);
});

test('a run that another client cancels says so, and exits with 1', async () => {
  const running = startCli(`profile ${model} ${speech} --iterations 100000`, {
    environment: { TIDEMARK_HOME: daemon.dataFolder },
  });
  await until(() => running.stderr().includes('iteration 1 of'), 'an iteration', 60);
  const cancelled = await cli('cancel');
  assert.match(cancelled.stdout, /^Run #\d+, profile of tiny, is canceled; kept \d+ iterations\.$/m);
  const { code, stdout } = await running.finished;
  assert.equal(code, 1);
  assert.match(stdout, /was interrupted: Canceled in a terminal\.$/m);
});

test('what is misspelt is said before the daemon is asked, and what it finds wrong is said as here', async () => {
  const { total } = await runs();
  const misspelt = await cli(`profile bf17 ${brief}`);
  assert.match(misspelt.stderr, /^error: There is no model named "bf17"\. Did you mean bf16\?/);
  assert.equal((await runs()).total, total);
  const nobody = await cli(`profile ${model} --voice nobody --phonemes abc. --json`);
  assert.equal(nobody.code, 1);
  assert.equal(documentIn(errorDocument, nobody).error.code, 'unknown-voice');
});

test('runs are listed newest first, by filter and by page, and a run that does not exist is an error', async () => {
  const all = await runs();
  const ids = all.runs.map(({ id }) => id);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => b - a),
  );
  const [newest = 0] = ids;
  const page = await runs(` --limit 1 --before ${newest}`);
  assert.equal(page.runs.length, 1);
  assert.ok((page.runs[0]?.id ?? newest) < newest);
  assert.equal((await runs(` --model ${model} --kind profile --state cancelled`)).total, 2);
  const table = await cli('runs --limit 2');
  assert.match(table.stdout, /^run +started +what +model +state .*\n─+ [ ─]+\n +#\d+ .*\n +#\d+ /);
  assert.match(table.stdout, /\d+ more; use --before \d+ to list the next ones\.\n$/);
  const missing = await cli('show 9999');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^error: There is no run 9999\.\nhint: /);
});

test('a search finds runs by all its words, and says when none has them', async () => {
  const found = async (...words: string[]): Promise<RunsDocument> =>
    documentIn(runsDocument, await cli(['runs', '--json', ...words]));
  assert.deepEqual((await found('--search', 'TINY canceled a.terminal')).runs, []);
  const byReason = await found('--search', 'TINY canceled terminal');
  assert.deepEqual(
    byReason.runs.map(({ state }) => state),
    ['cancelled', 'cancelled'],
  );
  assert.deepEqual((await found('--search', 'study')).runs, (await runs(' --kind study')).runs);
  const none = await cli(['runs', '--search', 'no such words']);
  assert.equal(none.stdout, 'No runs match “no such words”.\n');
  await refuses(cli, 2, [
    [['runs', '--search', ' '], /Give the words to search for/],
    [['runs', '--search', 'x'.repeat(201)], /at most 200 characters/],
  ]);
});

test('compare and report take the numbers of runs, beside files', async () => {
  const file = join(daemon.dataFolder, 'one.json');
  writeFileSync(file, (await cli('show 1 --json')).stdout);
  const comparison = documentIn(comparisonDocument, await cli(`compare 1 ${file} --json`));
  assert.equal(comparison.before.file, 'run #1');
  assert.ok(comparison.models[0]?.metrics.every(({ difference }) => (difference?.estimate ?? 0) === 0));
  const out = join(daemon.dataFolder, 'run.html');
  assert.equal((await cli(`report #1 --out ${out}`)).code, 0);
  assert.match(readFileSync(out, 'utf8'), /^<!doctype html>/i);
  assert.equal((await cli(`show 1 --report ${out}`)).code, 0);
});

test('a report that fails prints no error document, since its --json names a file', async () => {
  const { code, stdout, stderr } = await cli('report nowhere.json --out x.html --json y.json', {
    folder: daemon.dataFolder,
  });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^error: There is no file nowhere\.json\./);
  assert.ok(!existsSync(join(daemon.dataFolder, 'y.json')));
});

test('the history goes to a file and into another one, where it is read without a daemon', async () => {
  const file = join(daemon.dataFolder, 'history.jsonl');
  const { total } = await runs();
  assert.match((await cli(`runs export ${file}`)).stdout, new RegExp(`^Exported ${total} runs to `));
  const environment = { TIDEMARK_HOME: temporaryFolder() };
  assert.match((await cli('runs', { environment })).stdout, /^There are no runs yet\./);
  const imported = await cli(`runs import ${file}`, { environment });
  assert.match(imported.stdout, new RegExp(`^Imported ${total} runs from `), imported.stderr);
  const again = await cli('runs import -', { environment, input: readFileSync(file, 'utf8') });
  assert.match(again.stdout, new RegExp(`^Imported 0 runs from stdin; ${total} runs already existed\\.`));
  const there = documentIn(runsDocument, await cli('runs --json', { environment }));
  assert.equal(there.total, total);
  const studies = await cli(['runs', '--json', '--search', 'study TINY'], { environment });
  assert.deepEqual(
    new Set(documentIn(runsDocument, studies).runs.map(({ kind }) => kind)),
    new Set(['study']),
  );
  const oldest = there.runs.at(-1)?.id ?? 0;
  const [here, elsewhere] = [await cli('show 1 --json'), await cli(`show ${oldest} --json`, { environment })];
  assert.equal(elsewhere.stdout, here.stdout);
  assert.match((await cli(`runs delete ${oldest}`, { environment })).stdout, /^Deleted run #\d+\.$/m);
  assert.equal((await cli(`show ${oldest}`, { environment })).code, 1);
  const stdout = await cli('runs export -');
  assert.ok(stdout.stdout.startsWith('{"kind":"tidemark-history"'));
});

test('a daemon that dies in mid-run is said, and what the run came to is shown later', async () => {
  const mortal = await TestDaemon.start();
  const environment = { TIDEMARK_HOME: mortal.dataFolder };
  const running = startCli(`profile ${model} ${speech} --iterations 100000`, { environment });
  await until(() => running.stderr().includes('iteration 2 of'), 'two iterations', 60);
  await mortal.kill('SIGKILL');
  const { code, stderr } = await running.finished;
  assert.equal(code, 4);
  assert.match(stderr, /^error: The daemon ended during run #1\.\nhint: .*`tidemark show 1`/m);
  const after = await TestDaemon.start({ dataFolder: mortal.dataFolder });
  const shown = await cli('show 1', { environment });
  assert.match(shown.stdout, /^Ended +interrupted/m);
  assert.match(shown.stdout, /^iteration 2 /m);
  await after.kill('SIGTERM');
});

test('a run without a document shows its iterations, and as JSON a document of its own kind', async () => {
  const failing = await cli('runs --state failed --kind profile --json');
  const [record] = documentIn(runsDocument, failing).runs;
  const id = String(record?.id);
  const shown = await cli(`show ${id}`);
  assert.match(shown.stdout, /^Ended +failed after .*There is no voice named nobody\./m);
  assert.match(shown.stdout, /^The run has no iterations\.$/m);
  assert.equal(documentIn(singleRunDocument, await cli(`show ${id} --json`)).record.id, record?.id);
  const page = await cli(`report ${id} --out ${join(daemon.dataFolder, 'no.html')}`);
  assert.match(page.stderr, /^error: Run #\d+ \(failed\) has no document\./);
});

test('the daemon ends with everything it started', async () => {
  const { stdout } = await cli('status --json');
  const { host } = JSON.parse(stdout) as { host: { pid?: number } };
  await daemon.kill('SIGTERM');
  assert.ok(host.pid === undefined || !isAlive(host.pid));
});
