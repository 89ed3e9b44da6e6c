/** The bug report for MLX: what it says of which finding, and that it names nobody and no place of their machine. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../../test/example-documents.ts';
import {
  cleanLeaks,
  exampleAnswer,
  exampleAttribution,
  exampleLeaks,
  exampleStudy,
} from '../../test/example-reports.ts';
import { exampleTrace } from '../../test/example-trace.ts';
import { exampleWatch } from '../../test/example-watch.ts';
import { parseRunDocument } from '../protocol/run-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { mlxIssue } from './mlx-issue.ts';

const scripts = { evaluationOrder: 'print("order")\n', leak: 'print("leak")\n' };

const activeLeak = () => exampleLeaks().filter(({ channel }) => channel === 'activeBytes');

function tracedProfile(share: number, operations = 400): ProfileDocument {
  const own = exampleTrace({ operations });
  const other = exampleTrace({ operations, order: 'depth-first', seed: 2 });
  return {
    ...exampleProfile(),
    attribution: {
      ...exampleAttribution(),
      granularity: 'operations',
      traces: [
        { ...own, peakBytes: 300_000_000 },
        { ...other, peakBytes: Math.round(300_000_000 * (1 - share)), sameAudio: true },
      ],
    },
  };
}

const leaking = (): ProfileDocument => ({ ...exampleProfile(), leaks: activeLeak() });

test('a leak of active memory is told with its rate, each iteration, and the script that does the same work again', () => {
  const [verdict] = activeLeak();
  assert.equal(verdict?.status, 'leak');
  const issue = mlxIssue(leaking(), scripts);
  assert.match(issue, /^# Active memory grows by [\d.,]+ k?M?B each time the same work is done\n/);
  assert.match(issue, /^\| warm-up \|.*\n\| 1 \|/m);
  assert.match(issue, /^\| MLX \| 0\.32\.4 \|$/m);
  assert.match(issue, /^```python\nprint\("leak"\)\n```$/m);
  assert.doesNotMatch(issue, /print\("order"\)|undefined|NaN/);
});

test('two orders of evaluation are told with both peaks, what is alive, and the course as a table and as data', () => {
  const issue = mlxIssue(tracedProfile(0.3), scripts);
  assert.match(issue, /^# The breadth-first order of mx\.eval makes 30\.0% of the peak/);
  assert.match(
    issue,
    /peaks at 300\.0 MB, and the same graph evaluated depth first, .* at 210\.0 MB: 90\.0 MB less/,
  );
  assert.equal(issue.match(/^### Operation by operation/gm)?.length, 2);
  for (const [, json = ''] of issue.matchAll(/^```json\n(.*)\n```$/gm)) {
    const columns = JSON.parse(json) as Record<string, readonly unknown[]>;
    const lengths = new Set(Object.values(columns).map(({ length }) => length));
    assert.ok(lengths.size === 1 && lengths.values().every((length) => length > 40 && length <= 60));
  }
  assert.match(issue, /print\("order"\)/);
  assert.ok(issue.length < 60_000, 'an issue on GitHub has 65,536 characters at most');
});

test('where MLX’s order is traced with and without a queue, the order is told from the queue', () => {
  const profile = tracedProfile(0.3);
  const [own, other] = profile.attribution?.traces ?? [];
  assert.ok(profile.attribution && own && other);
  const traces = [{ ...own, queued: true, peakBytes: 350_000_000 }, { ...own, queued: false }, other];
  const issue = mlxIssue({ ...profile, attribution: { ...profile.attribution, traces } }, scripts);
  assert.match(
    issue,
    /each operation waited for, peaks at 300\.0 MB, .* at 210\.0 MB.* queued ahead, .* the peak is 350\.0 MB\./,
  );
});

test('a study tells what the narrow order saves', () => {
  const study = exampleStudy();
  const [model = ''] = study.models;
  const way = { iterations: 15 };
  const makeup = {
    ...{ model, peakBytes: 340e6, minimumBytes: 340e6, maximumBytes: 341e6, weightsBytes: 160e6 },
    ...{ operationsBytes: 130e6, orderBytes: 50e6, given: way, narrow: way },
  };
  const issue = mlxIssue({ ...study, answer: { ...exampleAnswer(), peaks: [makeup] } }, scripts);
  assert.match(issue, /340\.0 MB, and the same graph with MLX_BFS_MAX_WIDTH=1 at 290\.0 MB/);
});

test('what is not MLX’s, or is too small, is no report', () => {
  const refused = (document: RunDocument, message: RegExp): void => {
    assert.throws(() => mlxIssue(document, scripts), { code: 'bad-document', message, hint: /./ });
  };
  refused(
    exampleProfile(),
    /^Nothing in this run is worth a report to MLX: memory does not leak, and the order .* was not measured\.$/,
  );
  refused({ ...exampleProfile(), leaks: cleanLeaks() }, /not measured/);
  refused(tracedProfile(0.04), /less than 5% of the peak/);
  refused(tracedProfile(-0.2), /less than 5% of the peak/);
  const { settings, ...traced } = tracedProfile(0.3);
  refused({ ...traced, settings: { ...settings, strategy: 'lean' } }, /order of evaluation/);
  refused(exampleWatch(), /watched program/);
  const [verdict] = activeLeak();
  assert.ok(verdict);
  for (const channel of ['liveTensors', 'undisposedTensors', 'heapBytes'] as const) {
    refused({ ...exampleProfile(), leaks: [verdict, { ...verdict, channel }] }, /Tidemark’s own process/);
  }
});

/** Every place of a value that holds a text. */
function textPlaces(
  value: unknown,
  path: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  if (typeof value === 'string') {
    return [path];
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, each]) => textPlaces(each, [...path, key]))
    : [];
}

/** A copy with a text at these places; or undefined where it is no document any more. */
function planted(
  document: RunDocument,
  places: readonly (readonly (string | number)[])[],
  text: string,
): RunDocument | undefined {
  const copy = structuredClone(document);
  for (const place of places) {
    const holder = place
      .slice(0, -1)
      .reduce<object>((each, key) => (each as Record<string, unknown>)[key] as object, copy);
    (holder as Record<string, unknown>)[place.at(-1) ?? ''] = text;
  }
  try {
    return parseRunDocument(JSON.stringify(copy), 'It');
  } catch {
    return undefined;
  }
}

test('a path, a name, or markup that a document holds anywhere is in no report', () => {
  const traced = tracedProfile(0.3, 90);
  const local: ProfileDocument = {
    ...leaking(),
    model: { ...leaking().model, source: { ...leaking().model.source, kind: 'folder' } },
  };
  const documents: RunDocument[] = [
    { ...traced, leaks: activeLeak() },
    local,
    exampleStudy({ runs: [leaking()] }),
  ];
  const plants = [
    '/Users/jane.roe/kokoro',
    '/home/jane.roe',
    'C:\\Users\\jane.roe',
    'jane.roe',
    'Jane.Roe-laptop',
    '| jane.roe | `x` <b>',
  ];
  let tried = 0;
  for (const document of documents) {
    const places = textPlaces(document);
    const free = places.filter((place) => planted(document, [place], 'x') !== undefined);
    assert.ok(free.length > 8);
    for (const text of plants) {
      for (const chosen of [free, ...free.filter((_, index) => index % 25 === 0).map((place) => [place])]) {
        const changed = planted(document, chosen, text);
        if (changed !== undefined) {
          tried += 1;
          assert.doesNotMatch(
            mlxIssue(changed, scripts, ['jane.roe', 'laptop']),
            /jane|roe|laptop|<b>/i,
            `${text} at ${chosen.map((place) => place.join('.')).join(' ')}`,
          );
        }
      }
    }
  }
  assert.ok(tried > 60, `${tried}`);
});

test('what was said is in no report', () => {
  const profile = leaking();
  const secret: ProfileDocument = {
    ...profile,
    settings: { ...profile.settings, text: 'My diary.', phonemes: ['mI dˈIəɹi.'] },
  };
  assert.doesNotMatch(mlxIssue(secret, scripts), /diary|dˈIəɹi/);
});
