/** Hostile text through every door of the command line: nothing of it is obeyed by a terminal, hidden from a reader, or endless. */

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliOver } from './cli.ts';
import type { Finished } from './cli.ts';
import { finishedRun, withHistory } from './example-histories.ts';
import { HubServer } from './hub-server.ts';
import { needsPython, PseudoTerminal } from './pseudo-terminal.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { TestDaemon, tinyModel } from './test-daemon.ts';

/** What a terminal obeys, what reorders or hides text, and what ends a line without a line break. */
const hostile =
  '\u001b]0;title\u0007\u001b[31mX\u001b[2J\u009b31m\u202egnp\u2066\u200b\u2028\u00ad\u{e0041}\r\b';
/** File names, arguments, and variables cannot have half a pair, which JSON can. */
const hostileJson = `${hostile}\ud800`;
const megabyte = 'Q'.repeat(1_000_000);

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

function checkText(text: string, what: string): void {
  assert.ok(!unseen.test(text.replaceAll('\n', '')), `${what}: ${JSON.stringify(text.slice(0, 600))}`);
  const longest = Math.max(...text.split('\n').map((line) => line.length));
  assert.ok(longest < 5000, `${what}: a line of ${longest} characters`);
}

/** Checks both outputs, of which stdout may be JSON, which has every value in full. */
function check({ stdout, stderr }: Finished, what: string): void {
  checkText(stderr, what);
  if (what.includes('--json')) {
    assert.ok(!unseen.test(stdout.replaceAll('\n', '')), what);
  } else {
    checkText(stdout, what);
  }
}

const root = temporaryFolder();
const cli = cliOver(join(root, 'home'));

async function refuses(
  words: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> {
  const finished = await cli(words, { environment });
  const what = words.map((word) => word.slice(0, 60)).join(' ');
  assert.notEqual(finished.code, 0, what);
  assert.notEqual(finished.stderr, '', what);
  check(finished, what);
  return finished;
}

function safetensors(name: string, tensors: Record<string, unknown>, dataBytes = 4): string {
  const path = join(root, `${name}.safetensors`);
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, header, Buffer.alloc(dataBytes)]));
  return path;
}

const entry = (dtype: string) => ({ dtype, shape: [1], data_offsets: [0, 4] });

test('tensor files: dtypes, keys, and what is wrong with them', async () => {
  const { stderr } = await refuses(['xray', safetensors('dtype', { t: entry(hostileJson) })]);
  assert.match(stderr, /unknown dtype \\x1b\]0;title\\x07\\x1b\[31mX/);
  const long = await refuses(['xray', safetensors('long-dtype', { t: entry(megabyte) })]);
  assert.match(long.stderr, /unknown dtype Q{39}…\./);
  assert.ok(long.stderr.length < 1000);
  for (const [name, tensors] of Object.entries({
    'key-dtype': { [hostileJson]: entry('X') },
    'key-gap': { [hostileJson]: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
    'key-long': { [megabyte]: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } },
    'key-malformed': { [hostileJson]: 7 },
  })) {
    await refuses(['xray', safetensors(name, tensors)]);
  }
  for (const key of [hostileJson, megabyte]) {
    const path = safetensors('keys', { [key]: entry('F32'), __metadata__: { [hostileJson]: hostileJson } });
    for (const words of [
      ['xray', path],
      ['xray', path, '--json'],
    ]) {
      const finished = await cli(words);
      assert.equal(finished.code, 0);
      check(finished, words.join(' '));
    }
  }
});

test('checkpoint folders: configurations, indexes, file names, voices', async () => {
  const { model, voice } = tinyModel();
  for (const [name, config] of Object.entries({
    value: JSON.stringify({ n_token: hostileJson }),
    long: JSON.stringify({ n_token: megabyte }),
    vocabulary: JSON.stringify({ n_token: 1, vocab: { [hostileJson]: 9 } }),
    text: `${hostile}${megabyte}`,
  })) {
    const folder = join(root, `config-${name}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.json'), config);
    writeFileSync(join(folder, 'model.safetensors'), '');
    await refuses(['xray', folder]);
    await refuses(['profile', folder, '--phonemes', 'abc.', '--voice', voice]);
  }
  const indexed = join(root, 'index');
  mkdirSync(indexed);
  writeFileSync(join(indexed, 'config.json'), '{}');
  const map = Object.fromEntries(
    Array.from({ length: 5000 }, (_, at) => [`k${at}`, `${at}${hostileJson}.safetensors`]),
  );
  writeFileSync(join(indexed, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  await refuses(['profile', indexed, '--voice', voice]);
  const named = join(root, `folder ${hostile}`);
  mkdirSync(named);
  writeFileSync(join(named, `${hostile}.safetensors`), 'no');
  await refuses(['xray', named]);
  await refuses(['profile', named, '--voice', voice]);
  await refuses(['profile', model, '--phonemes', 'abc.', '--voice', `af_${hostile}`]);
  await refuses(['profile', model, '--phonemes', 'abc.', '--voice', join(root, `${hostile}.safetensors`)]);
  await refuses([
    'profile',
    model,
    '--phonemes',
    'abc.',
    '--voice',
    safetensors('voice', { [hostileJson]: entry('F32') }),
  ]);
});

test('arguments and the environment', async () => {
  for (const words of [
    [hostile],
    ['profile', hostile],
    ['profile', `owner/name@${hostile}`],
    ['profile', 'bf16', '--voice', hostile],
    ['profile', 'bf16', '--iterations', hostile],
    ['profile', 'bf16', `--${hostile}`],
    ['say', 'hi', '--out', join(root, 'none', `${hostile}.wav`)],
    ['report', join(root, hostile), '--out', join(root, 'x.html')],
    ['compare', hostile, megabyte.slice(0, 100_000)],
    ['runs', 'import', join(root, hostile)],
    ['show', hostile],
    ['schedule', 'show', hostile],
    ['settings', 'set', hostile, hostile],
  ]) {
    await refuses(words);
  }
  await refuses(['profile', hostile, '--json']);
  const home = { TIDEMARK_HOME: join(root, `home ${hostile}`) };
  for (const words of [
    ['--help'],
    ['status'],
    ['doctor'],
    ['runs'],
    ['logs'],
    ['profile', '--help'],
    ['service', 'plist'],
  ]) {
    check(await cli(words, { environment: home }), words.join(' '));
  }
  for (const name of ['HF_ENDPOINT', 'HF_HOME', 'HF_TOKEN', 'HF_TOKEN_PATH']) {
    await refuses(['xray', 'owner/name'], { HF_ENDPOINT: 'http://127.0.0.1:9', [name]: hostile });
  }
});

test("a hub's names and answers", async () => {
  await using hub = await HubServer.start('owner/kokoro');
  hub.add('config.json', JSON.stringify({ n_token: hostileJson }));
  hub.add(`model ${hostile}.safetensors`, Buffer.from('no'));
  hub.add(`voices/af_${hostile}.safetensors`, Buffer.from('no'));
  const environment = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(root, 'hub') };
  await refuses(['xray', 'owner/kokoro'], environment);
  await refuses(['profile', 'owner/kokoro'], environment);
  await refuses(['profile', 'owner/kokoro', '--voice', 'af_none'], environment);
  for (const body of [
    `<html>${hostile}`,
    JSON.stringify({ sha: hostileJson }),
    JSON.stringify([{ path: `../${hostileJson}` }]),
  ]) {
    hub.faults.push({ kind: 'body', path: '/api/', body });
    check(await cli(['xray', 'owner/kokoro'], { environment }), body);
  }
});

test('runs, schedules, alerts, and logs, as they are stored, imported, and shown', async () => {
  const daemon = await TestDaemon.start();
  const { model, voice } = tinyModel();
  const { dataFolder } = daemon;
  const own = (...words: string[]) => cliOver(dataFolder)(words);
  const speech = ['--phonemes', 'abc.', '--voice', voice, '--iterations', '2'];
  for (const words of [
    ['schedule', 'add', `n ${hostile}`.slice(0, 60), '--model', model, '--every', '1d', ...speech],
    ['schedule', 'add', 'zone', '--model', model, '--cron', '0 3 * * *', '--time-zone', hostile],
    ['schedule', 'pause', hostile],
    ['runs', '--search', hostile],
    ['show', `9${hostile}`],
    ['profile', join(root, `gone ${hostile}`), ...speech],
    ['cancel', hostile],
  ]) {
    check(await own(...words), words.join(' '));
  }
  const lines = withHistory((history) => {
    const text = `${hostileJson}${megabyte.slice(0, 9000)}`;
    finishedRun(history, { run: { models: [`model ${hostileJson}`], text } });
    return [...history.exportLines()];
  });
  const path = join(root, 'history.jsonl');
  writeFileSync(path, `${lines.join('\n')}\n${hostile}${megabyte}\n{"kind":"${hostile}"}\n`);
  check(await own('runs', 'import', path), 'runs import');
  appendFileSync(
    join(dataFolder, 'logs', 'daemon.log'),
    `${hostile}${megabyte}\n${JSON.stringify({ level: 'error', msg: hostileJson, error: { message: megabyte } })}\n`,
  );
  for (const words of [
    'runs',
    'runs --json',
    'show 1',
    'show 1 --json',
    'status',
    'status --json',
    'schedule',
    'schedule --json',
    'alerts',
    'logs',
    'logs --json',
    'runs export -',
  ]) {
    const finished = await own(...words.split(' '));
    check(finished, words === 'runs export -' ? `${words} --json` : words);
  }
});

test('in a terminal only the tool’s own styling is left', needsPython, async () => {
  const path = safetensors('styled', { t: entry(hostileJson) });
  const terminal = new PseudoTerminal(['xray', path], {
    columns: 120,
    rows: 40,
    environment: { TIDEMARK_HOME: join(root, 'home') },
  });
  await terminal.shows(/hint|unknown dtype/);
  // The terminal itself ends its lines with a carriage return.
  // eslint-disable-next-line no-control-regex -- these are the controls that are meant
  const rest = terminal.output.replaceAll(/\r\n|\u001b\[(?:1|22|3[1-6]|39|90)m/g, '');
  checkText(rest, 'a terminal');
  assert.match(terminal.output, /\\x1b\]0;title/);
});
