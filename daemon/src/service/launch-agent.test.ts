/** The property list: whether others can read it, and whether launchd knows what it says. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { test } from 'node:test';
import { defineService } from './definition.ts';
import {
  differencesOf,
  environmentOf,
  launchAgent,
  propertyListText,
  readPropertyList,
} from './launch-agent.ts';
import type { PropertyList } from './launch-agent.ts';
import { thisSystem } from './system.ts';

const awkward = '/Volumes/Größe & <Maß> "1"/it\'s 100% $HOME \\n ]]> \u{1F30A}\u00a0 ';

const definition = defineService({
  ...thisSystem(),
  platform: 'darwin',
  home: '/Users/person',
  program: [`${awkward}/node`, `${awkward}/main.ts`, 'daemon'],
  environment: { TIDEMARK_HOME: awkward, HF_HOME: `${awkward}/hub`, HF_TOKEN: 'hf_secret', PATH: '/opt/bin' },
});

const list = launchAgent(definition);
const xml = propertyListText(list);

type Kind = 'string' | 'boolean' | 'integer' | 'strings' | 'dictionary' | 'any';

/** The keys of launchd.plist(5) of macOS 15 that are used, with their types; `any` has several. */
const documentedKeys: Readonly<Record<string, Kind>> = {
  Label: 'string',
  LimitLoadToSessionType: 'any',
  ProgramArguments: 'strings',
  KeepAlive: 'any',
  RunAtLoad: 'boolean',
  EnvironmentVariables: 'dictionary',
  Umask: 'integer',
  ExitTimeOut: 'integer',
  ThrottleInterval: 'integer',
  StandardOutPath: 'string',
  StandardErrorPath: 'string',
  SoftResourceLimits: 'dictionary',
  ProcessType: 'string',
  AbandonProcessGroup: 'boolean',
};

function kindOf(value: unknown): Kind {
  if (typeof value === 'string' || typeof value === 'boolean') {
    return typeof value as 'string' | 'boolean';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'integer' : 'any';
  }
  return Array.isArray(value) ? 'strings' : 'dictionary';
}

/** What is wrong with a property list, by the manual. */
function faultsOf(agent: PropertyList): string[] {
  return Object.entries(agent).flatMap(([key, value]) => {
    const wanted = documentedKeys[key];
    if (wanted === undefined) {
      return [`${key} is not among the keys of launchd.plist(5)`];
    }
    return wanted === 'any' || wanted === kindOf(value) ? [] : [`${key} is not of the type ${wanted}`];
  });
}

test('every key is of launchd.plist(5) and has its type, and the check knows others when it sees them', () => {
  assert.deepEqual(faultsOf(list), []);
  assert.deepEqual(faultsOf({ ...list, RunAtLaod: true, Umask: '077', ProgramArguments: 'node' }), [
    'ProgramArguments is not of the type strings',
    'Umask is not of the type integer',
    'RunAtLaod is not among the keys of launchd.plist(5)',
  ]);
});

test('the agent has the limits of an app, in the session at the screen', () => {
  assert.deepEqual(list['SoftResourceLimits'], { NumberOfFiles: 4096 });
  assert.equal(list['LimitLoadToSessionType'], 'Aqua');
  assert.equal(list['ProcessType'], 'Interactive');
});

test('the daemon starts at login, and again after a failure only', () => {
  assert.equal(list['RunAtLoad'], true);
  assert.deepEqual(list['KeepAlive'], { SuccessfulExit: false });
});

test('all paths are absolute, and the environment holds where files are but no secret', () => {
  const paths = [
    ...(list['ProgramArguments'] as string[]).slice(0, 2),
    list['StandardOutPath'],
    list['StandardErrorPath'],
  ];
  assert.ok(paths.every((path) => typeof path === 'string' && isAbsolute(path)));
  assert.deepEqual(list['EnvironmentVariables'], {
    TIDEMARK_HOME: awkward,
    HF_HOME: `${awkward}/hub`,
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  });
});

test('without TIDEMARK_HOME the environment has none, so that the daemon finds its folder itself', () => {
  const plain = defineService({
    ...thisSystem(),
    platform: 'darwin',
    home: '/Users/person',
    environment: {},
  });
  assert.deepEqual(plain.environment, { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' });
  assert.equal(plain.dataFolder, '/Users/person/Library/Application Support/Tidemark');
});

test("this machine's program is a Node and an entry that are there, and the command that runs the daemon", () => {
  const [node = '', entry = '', ...rest] = thisSystem().program;
  const { status, stdout } = spawnSync(node, [entry, '--version'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+/);
  assert.deepEqual(rest, ['daemon']);
});

test("Python's plistlib reads the same values and types", skippedWithout('python3'), () => {
  const script = 'import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { input: xml, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), list);
});

test("libplist's plistutil reads the same values", skippedWithout('plistutil'), () => {
  const convert = (input: string | Buffer, format: string): Buffer =>
    spawnSync('plistutil', ['-f', format, '-i', '-', '-o', '-'], { input }).stdout;
  const read = readPropertyList(convert(convert(xml, 'bin'), 'xml').toString());
  assert.ok(read !== undefined);
  assert.deepEqual(differencesOf(read, list), []);
});

test("macOS's plutil finds no fault in it, and would find one", skippedWithout('plutil'), () => {
  const lint = (input: string): number | null => spawnSync('plutil', ['-lint', '-'], { input }).status;
  assert.equal(lint(xml), 0);
  assert.notEqual(lint(xml.slice(0, 300)), 0);
});

test('what was written is read back the same, and differences are told by their keys', () => {
  const read = readPropertyList(xml);
  assert.ok(read !== undefined);
  assert.deepEqual(differencesOf(read, list), []);
  assert.deepEqual(environmentOf(read), list['EnvironmentVariables']);
  assert.deepEqual(differencesOf({ ...read, Nice: 1 }, { ...list, Umask: 0o022 }), ['Nice', 'Umask']);
});

test('what is no property list of a dictionary is read as nothing, without a word on the console', () => {
  for (const text of [
    '',
    'junk',
    '<plist version="1.0"><dict><key>a',
    '<plist version="1.0"><array/></plist>',
  ]) {
    assert.equal(readPropertyList(text), undefined);
  }
});

function skippedWithout(command: string): { skip: string | false } {
  const isThere = spawnSync(command, ['--version']).error === undefined;
  return { skip: isThere ? false : `${command} is not installed` };
}
