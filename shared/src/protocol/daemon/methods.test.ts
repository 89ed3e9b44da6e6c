/** Requests and answers: which parameters a method takes, and the frames around them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { errorCodes } from '../../errors.ts';
import { mutationsOf } from '../../../test/mutations.ts';
import { errorNumbers, eventFrame, requestFrame, responseFrame, topics, wireError } from './wire.ts';
import { eventData, isMethod, methods } from './methods.ts';
import {
  exampleAlert,
  exampleProgress,
  exampleRun,
  exampleSchedule,
  exampleStatus,
} from '../../../test/example-messages.ts';
import type { Method, Parameters } from './methods.ts';

/** Of each method the most that can be asked. */
const examples: { readonly [M in Method]: Parameters<M> } = {
  hello: { protocolVersion: 1, client: { name: 'cli', version: '0.1.0' } },
  status: {},
  models: {},
  doctor: {},
  checkEngine: { engine: 'mlx-audio', python: '/usr/bin/python3' },
  load: { model: 'bf16', voice: 'af_heart' },
  unload: {},
  startProfile: {
    model: 'bf16',
    text: 'Hello.',
    phonemes: 'həlˈO.',
    voice: 'af_heart',
    iterations: 5,
    warmupIterations: 1,
    seed: 0,
    deterministic: true,
    speed: 1,
    attribute: 'layers',
    host: 'fresh',
  },
  startStudy: { models: ['bf16', '4bit-fp32'], iterations: 5, explain: false },
  cancel: { runId: 7 },
  listRuns: {
    limit: 50,
    before: 7,
    kind: 'profile',
    model: 'bf16',
    state: 'complete',
    leak: 'leak',
    scheduleId: 2,
    search: 'bf16 no leak',
  },
  getRun: { runId: 7, document: false, samples: 500, traceColumns: 400 },
  deleteRun: { runId: 7 },
  prepareImport: {},
  importRuns: { path: '/home/me/run/import-1' },
  compareRuns: { baselineId: 4, runId: 7, threshold: 0.05 },
  listSchedules: {},
  setSchedule: { id: 2, settings: exampleSchedule() },
  removeSchedule: { id: 2 },
  pauseSchedules: { id: 2, paused: true },
  checkNow: { id: 2 },
  listAlerts: { all: true },
  acknowledgeAlerts: { id: 3 },
  getSettings: {},
  setSettings: { memoryCeilingBytes: 2_000_000_000, alerts: { sustainedChecks: 5 } },
  subscribe: { topics: ['progress', 'status', 'alerts'] },
  shutdown: {},
};

const names = Object.keys(methods).filter(isMethod);

for (const method of names) {
  const schema: v.GenericSchema = methods[method].parameters;

  test(`${method} takes its parameters, and none that are null or of another type`, () => {
    const parameters = examples[method];
    assert.ok(v.safeParse(schema, parameters).success);
    for (const { path, kind, document } of mutationsOf(parameters)) {
      // What is removed may be optional, and the settings of a schedule have a test of their own.
      if (kind === 'removed' || path.startsWith('settings.')) {
        continue;
      }
      assert.ok(!v.safeParse(schema, document).success, `${method}: ${path} ${kind}`);
    }
  });

  test(`${method} takes no parameter that it does not know, and no list or text for parameters`, () => {
    for (const wrong of [{ ...examples[method], colour: 'blue' }, null, 'x', 7]) {
      assert.ok(!v.safeParse(schema, wrong).success, JSON.stringify(wrong));
    }
  });
}

test('parameters out of their range are refused', () => {
  const wrong: { readonly [M in Method]?: readonly object[] } = {
    startProfile: [
      {},
      { model: '' },
      { model: 'x'.repeat(1025) },
      { model: 'bf16', iterations: 0 },
      { model: 'bf16', iterations: 1_000_001 },
      { model: 'bf16', iterations: 1.5 },
      { model: 'bf16', speed: 0 },
      { model: 'bf16', text: 'x'.repeat(50_001) },
    ],
    startStudy: [{ models: [] }, { models: Array.from({ length: 33 }, () => 'bf16') }],
    listRuns: [{ limit: 0 }, { limit: 501 }, { before: 0 }, { search: '' }, { search: 'x'.repeat(201) }],
    getRun: [
      {},
      { runId: 0 },
      { runId: 2 ** 53 },
      { runId: 7, samples: 100_001 },
      { runId: 7, traceColumns: 2001 },
    ],
    setSchedule: [
      { settings: exampleSchedule({ timing: { kind: 'every', seconds: 59 } }) },
      { settings: exampleSchedule({ name: '  ' }) },
      { settings: exampleSchedule({ iterations: 0 }) },
    ],
    setSettings: [
      { hostTimeoutSeconds: 4 },
      { alerts: { sustainedChecks: 0 } },
      { alerts: { colour: 1 } },
      { retentionDays: -1 },
    ],
    subscribe: [{}, { topics: ['weather'] }, { topics: Array.from({ length: 9 }, () => 'status') }],
    hello: [{}, { protocolVersion: 1, client: { name: 'x'.repeat(65), version: '1' } }],
  };
  for (const [method, each] of Object.entries(wrong)) {
    assert.ok(isMethod(method));
    for (const parameters of each) {
      assert.ok(!v.safeParse(methods[method].parameters, parameters).success, JSON.stringify(parameters));
    }
  }
});

test('names that every object has are no methods', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
    assert.ok(!isMethod(name), name);
  }
});

test('each topic has a schema, which takes what the topic is about and nothing of another', () => {
  const each = { progress: exampleProgress(), status: exampleStatus(), alerts: exampleAlert() };
  for (const topic of topics) {
    for (const [of, data] of Object.entries(each)) {
      assert.equal(v.safeParse(eventData[topic], data).success, of === topic, `${topic} given ${of}`);
    }
  }
});

test('a request that is wrong in any one place is refused', () => {
  const request = { id: 0, method: 'getRun', parameters: { runId: 7 } };
  assert.deepEqual(v.parse(requestFrame, request), request);
  const passed = [...mutationsOf(request)].filter(
    ({ document }) => v.safeParse(requestFrame, document).success,
  );
  // A method's own schema reads what is in its parameters.
  const own = passed.filter(({ path }) => !path.startsWith('parameters.'));
  assert.deepEqual(
    own.map(({ path, kind }) => `${path} ${kind}`),
    ['parameters removed'],
  );
  for (const wrong of [{ ...request, colour: 1 }, { ...request, method: 'x'.repeat(65) }, [], null, 'x', 7]) {
    assert.ok(!v.safeParse(requestFrame, wrong).success, JSON.stringify(wrong));
  }
});

test('an answer has a result or an error, and an unknown error of a newer daemon is an internal one', () => {
  const record = exampleRun();
  assert.deepEqual(v.parse(responseFrame, { id: 3, result: record }), { id: 3, result: record });
  const error = { code: 'not-found', number: 105, message: 'No run 9.', hint: 'See `tidemark runs`.' };
  assert.deepEqual(v.parse(responseFrame, { id: null, error }), { id: null, error });
  assert.ok(!v.safeParse(responseFrame, { id: null, result: 1 }).success);
  assert.ok(!v.safeParse(responseFrame, { result: 1 }).success);
  assert.ok(!v.safeParse(responseFrame, { id: 3 }).success);
  assert.equal(v.parse(wireError, { code: 'too-hot', number: 250, message: 'Too hot.' }).code, 'internal');
});

test("an event's frame is refused without its topic or its place in the sequence", () => {
  const frame = { topic: 'alerts', sequence: 0, data: exampleAlert() };
  assert.deepEqual(v.parse(eventFrame, frame), frame);
  for (const wrong of [
    { ...frame, topic: 'weather' },
    { ...frame, sequence: -1 },
    { topic: 'alerts', data: 1 },
  ]) {
    assert.ok(!v.safeParse(eventFrame, wrong).success, JSON.stringify(wrong));
  }
});

test('every error has a number of its own, in the range of its kind, and a sentence', () => {
  const numbers = errorCodes.map((code) => errorNumbers[code][0]);
  assert.equal(new Set(numbers).size, errorCodes.length);
  assert.deepEqual(Object.keys(errorNumbers).toSorted(), [...errorCodes].toSorted());
  for (const code of errorCodes) {
    assert.match(errorNumbers[code][1], /^[A-Z].+\.$/);
  }
});

test('the numbers of errors are those that were given out', () => {
  assert.deepEqual(
    Object.fromEntries(Object.entries(errorNumbers).map(([code, [number]]) => [code, number])),
    {
      'no-daemon': 1,
      'protocol-version': 2,
      'bad-request': 3,
      timeout: 4,
      usage: 100,
      'bad-input': 101,
      'bad-text': 102,
      'unknown-model': 103,
      'unknown-voice': 104,
      'not-found': 105,
      'bad-document': 106,
      'not-comparable': 107,
      'daemon-running': 200,
      busy: 201,
      'shutting-down': 202,
      history: 203,
      service: 204,
      interrupted: 300,
      'host-died': 301,
      'host-timeout': 302,
      'program-failed': 312,
      'memory-ceiling': 303,
      'out-of-memory': 304,
      'native-addon': 305,
      'bad-config': 306,
      'bad-checkpoint': 307,
      'build-failed': 308,
      'not-writable': 309,
      network: 310,
      python: 311,
      internal: 900,
    },
  );
});
