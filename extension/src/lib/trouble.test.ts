import { describe, expect, test } from 'vitest';
import { clientError, OtherVersionError } from '@tidemark/client/client/daemon-error';
import { errorCodes } from '@tidemark/client/errors';
import { exampleInterruptedRun, exampleRun } from '@tidemark/client/testing/example-messages';
import { resultTrouble, toTrouble, troubleKinds, troubleTitles } from './trouble.ts';
import type { Surroundings } from './trouble.ts';

const nothing: Surroundings = {
  tidemarkPath: undefined,
  isServiceInstalled: false,
  daemon: undefined,
  wrongPath: undefined,
};
const starting = { pid: 7, startedAt: '2026-01-01T00:00:00.000Z', isStarting: true };
const withoutDaemon = (surroundings: Partial<Surroundings>): string =>
  toTrouble(clientError('no-daemon', 'No daemon runs.'), () => ({ ...nothing, ...surroundings })).kind;

describe('what stands in the way', () => {
  test('without a daemon, what is on the machine tells why', () => {
    expect(withoutDaemon({})).toBe('no-tidemark');
    expect(withoutDaemon({ tidemarkPath: '/bin/tidemark' })).toBe('not-installed');
    expect(withoutDaemon({ isServiceInstalled: true })).toBe('not-running');
    expect(withoutDaemon({ isServiceInstalled: true, daemon: starting })).toBe('starting');
  });

  test('a daemon that does not get to listening is not waited for without end', () => {
    const stuck = { ...starting, isStarting: false };
    expect(withoutDaemon({ isServiceInstalled: true, daemon: stuck })).toBe('not-responding');
    expect(withoutDaemon({ daemon: stuck })).toBe('not-responding');
  });

  test("a socket that is another user's is told in its own words", () => {
    const message = "The daemon's socket belongs to another user.";
    const error = clientError('no-daemon', message, 'Run the command as that user.');
    expect(toTrouble(error, () => nothing)).toMatchObject({ kind: 'failed', message });
  });

  test('the machine is looked at only where no daemon answered', () => {
    const look = (): never => {
      throw new Error('looked');
    };
    for (const code of errorCodes.filter((each) => each !== 'no-daemon')) {
      expect(toTrouble(clientError(code, 'A sentence.'), look).message).toBe('A sentence.');
    }
  });

  test('of two versions the older one is told', () => {
    const older = new OtherVersionError('It differs.', { daemonIsOlder: true });
    expect(toTrouble(older)).toMatchObject({ kind: 'other-version', daemonIsOlder: true });
    const newer = new OtherVersionError('It differs.', { daemonIsOlder: false });
    expect(toTrouble(newer)).toMatchObject({ kind: 'other-version', daemonIsOlder: false });
  });

  test('each kind has a heading of its own', () => {
    expect(new Set(troubleKinds.map((kind) => troubleTitles[kind])).size).toBe(troubleKinds.length);
  });

  test('an error that is none of ours is told in its own words', () => {
    expect(toTrouble(new RangeError('too far'))).toEqual({ kind: 'failed', message: 'too far' });
    expect(toTrouble('thrown text').message).toBe('thrown text');
  });
});

describe('a run that ended without its result', () => {
  test('lost its host, unless the daemon itself was ended', () => {
    expect(resultTrouble(exampleInterruptedRun())?.kind).toBe('host-crashed');
    const byDaemon = { ...exampleInterruptedRun(), reason: 'The daemon was ended by SIGTERM.' };
    expect(resultTrouble(byDaemon)?.kind).toBe('interrupted');
  });

  test('that cannot fetch its model is told with what the daemon advises', () => {
    const error = {
      code: 'network',
      message: 'The hub is out of reach.',
      hint: 'Name a built-in model.',
    } as const;
    expect(resultTrouble(exampleRun(1, { state: 'failed', error }))).toEqual({
      kind: 'offline-model',
      message: error.message,
      hint: error.hint,
    });
  });

  test('is no trouble where it is complete, or a person cancelled it', () => {
    expect(resultTrouble(exampleRun(1, { state: 'complete' }))).toBeUndefined();
    expect(resultTrouble(exampleRun(1, { state: 'cancelled' }))).toBeUndefined();
  });
});
