/** From the built bundles, against a real daemon with a model: what is shown is what the history has, everywhere. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { IterationSample } from '@tidemark/client/protocol/profile-document';
import { wording } from '../harness/tree.ts';
import { raycast } from '../raycast-api/raycast.ts';
import { megabytes, open, run, tinyModel } from './built.ts';
import { RealDaemon, tidemarkPath } from './real-daemon.ts';

const models = process.env['TIDEMARK_TEST_MODELS'];

/** A tiny model always; a real one where the tests were given checkpoints, or may make them. */
const subjects = [
  { name: 'a tiny model', voice: 'af_tiny', iterations: 4, patience: 60_000, isReal: false },
  ...(models === undefined
    ? []
    : [{ name: 'bf16', voice: 'af_heart', iterations: 3, patience: 300_000, isReal: true }]),
];

for (const subject of subjects) {
  describe(`with ${subject.name}`, () => {
    const daemon = new RealDaemon({ modelsOf: subject.isReal ? models : undefined });
    let model: string;
    let preferences: Record<string, string>;
    let first: RunRecord;

    before(async () => {
      model = subject.isReal ? subject.name : tinyModel();
      preferences = {
        dataFolder: daemon.dataFolder,
        tidemarkPath,
        defaultModel: model,
        voice: subject.voice,
        text: 'Hello there.',
        iterations: String(subject.iterations),
      };
      await daemon.start();
    });

    after(() => daemon.remove());

    const newest = async (): Promise<{ record: RunRecord; samples: readonly IterationSample[] }> => {
      const { runs } = await daemon.ask((client) => client.call('listRuns', { limit: 1 }));
      const [record] = runs;
      assert.ok(record !== undefined);
      return daemon.ask((client) => client.call('getRun', { runId: record.id, document: false }));
    };

    /** The two figures of a run as a screen has to show them. */
    const figuresOf = ({ figures }: RunRecord): { active: string; peak: string } => {
      assert.ok(figures !== undefined);
      assert.ok(figures.peakBytes > figures.activeBytes && figures.activeBytes > 0);
      return { active: megabytes(figures.activeBytes), peak: megabytes(figures.peakBytes) };
    };

    test('a profile that the command starts runs to its end, and shows the figures of the history', async () => {
      const screen = open('profile-memory', {
        preferences,
        arguments: { model },
        patience: subject.patience,
      });
      const phrases = new Set<string>();
      await screen.until('the result', () => {
        phrases.add(String(screen.top.props['markdown']).split('\n')[0] ?? '');
        return screen.actionsOf().includes('Profile Again');
      });
      const { record, samples } = await newest();
      assert.equal(record.state, 'complete');
      assert.deepEqual(record.trigger, { kind: 'request', client: 'raycast' });
      assert.equal(samples.length, subject.iterations + record.warmupIterations);
      const { active, peak } = figuresOf(record);
      assert.match(screen.text, new RegExp(`^${active}$`, 'm'));
      assert.match(screen.text, new RegExp(`^${peak}`, 'm'));
      assert.match(String(screen.top.props['markdown']), /data:image\/svg\+xml;base64/);
      // Progress was seen by iteration, not only the end.
      assert.ok(
        [...phrases].some((phrase) => /Iteration|Warm-up|Loading|Preparing|Queued/i.test(phrase)),
        [...phrases].join('; '),
      );
      screen.close();
      first = record;
    });

    test('Quick Profile ends with the figures in a HUD, and has the menu bar look again', async () => {
      await run('quick-profile', { preferences });
      const { record } = await newest();
      assert.equal(record.id, first.id + 1);
      const { active, peak } = figuresOf(record);
      const [hud] = raycast.huds;
      assert.ok(hud?.includes(active) === true && hud.includes(peak), hud);
      assert.ok(raycast.toasts.every(({ isShown }) => !isShown));
      assert.deepEqual(
        raycast.launches.map(({ name, type }) => [name, type]),
        [['menu-bar', 'background']],
      );
    });

    test('the menu bar shows the last active memory and peak of the history', async () => {
      const screen = open('menu-bar', { preferences, launchType: 'background' });
      await screen.until('it is unloaded', () => screen.isClosed);
      assert.ok(screen.drawn !== undefined);
      const { record, samples } = await newest();
      const words = wording(screen.drawn);
      const last = samples.at(-1);
      assert.ok(last !== undefined && record.figures !== undefined);
      for (const bytes of [record.figures.activeBytes, last.peakBytes]) {
        assert.ok(words.includes(`${bytes.toLocaleString('en-US')} bytes`), words);
        assert.ok(words.includes(`${megabytes(bytes)} · as of`), words);
      }
      assert.match(
        String(screen.drawn.props['title']),
        new RegExp(`^${(record.figures.activeBytes / 1e6).toFixed(0)} MB$`),
      );
    });

    test('Runs shows them of each run, and two runs compared show both', async () => {
      const screen = open('runs', { preferences });
      await screen.until('both runs', () => screen.all('List.Item').length === 2);
      const { record: second } = await newest();
      for (const record of [first, second]) {
        const item = screen.all('List.Item').find(({ props }) => props['id'] === String(record.id));
        assert.ok(item !== undefined);
        const { active, peak } = figuresOf(record);
        assert.ok(wording(item).includes(active) && wording(item).includes(peak), wording(item));
      }
      const itemOf = (id: number) => screen.all('List.Item').find(({ props }) => props['id'] === String(id));
      await screen.press(/^Mark as Comparison Baseline/, itemOf(first.id));
      await screen.press(`Compare with Run ${first.id}`, itemOf(second.id));
      await screen.until('the comparison', () => /Difference/.test(String(screen.top.props['markdown'])));
      const markdown = String(screen.top.props['markdown']);
      for (const record of [first, second]) {
        const { active, peak } = figuresOf(record);
        assert.ok(markdown.includes(active) && markdown.includes(peak), markdown);
      }
      screen.close();
    });

    test('Compare Models shows the verdict of a study, and the peak of each model', async () => {
      const models = subject.isReal ? ['bf16', '4bit-bf16'] : [model, tinyModel()];
      const options = { models, voice: subject.voice, text: 'Hello there.', iterations: 2, explain: false };
      const { id } = await daemon.ask((client) => client.call('startStudy', options));
      const screen = open('compare-models', {
        preferences,
        launchContext: { followRunId: id },
        patience: subject.patience,
      });
      await screen.until('the result', () => screen.actionsOf().includes('Copy Figures'));
      const { record, document } = await daemon.ask((client) => client.call('getRun', { runId: id }));
      assert.equal(record.state, 'complete');
      assert.ok(document?.kind === 'study' && record.finding !== undefined);
      const markdown = String(screen.top.props['markdown']);
      assert.ok(markdown.includes(record.finding.split('. ')[0] ?? ''), markdown);
      const drawings = [...markdown.matchAll(/data:image\/svg\+xml;base64,([A-Za-z0-9+/=]+)/g)]
        .map(([, data]) => Buffer.from(data ?? '', 'base64').toString())
        .join('\n');
      for (const { summary } of document.runs) {
        assert.ok(summary !== undefined);
        const peak = megabytes(summary.peakBytes.median).replace(' MB', '');
        assert.ok(drawings.includes(peak), `${peak} is not in ${drawings}`);
      }
      screen.close();
    });
  });
}
