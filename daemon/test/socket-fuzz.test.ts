/** A hundred thousand hostile frames at the daemon's socket, with a good client beside them. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { FrameFuzzer } from './fuzzed-frames.ts';
import { helloOf } from './raw-client.ts';
import { SocketProcess } from './socket-process.ts';
import type { SocketProcessReport } from './socket-process.ts';

const totalFrames = 100_000;
const seed = Number(process.env['TIDEMARK_FUZZ_SEED'] ?? 20_261_124);
const parallelConnections = 8;
const mostFramesPerConnection = 40;
const grownResidentLimitBytes = 30_000_000;

interface Tally {
  frames: number;
  connections: number;
  broken: number;
  readonly byKind: Map<string, number>;
}

/** One connection: sends frames until one of them ends it, and checks that each of them had its answer. */
async function attack(socketPath: string, fuzzer: FrameFuzzer, tally: Tally): Promise<void> {
  const frames = [];
  for (let isOver = false; !isOver && frames.length < mostFramesPerConnection;) {
    const frame = fuzzer.frame();
    frames.push(frame);
    isOver = frame.endsConnection;
    tally.byKind.set(frame.kind, (tally.byKind.get(frame.kind) ?? 0) + 1);
  }
  tally.frames += frames.length;
  tally.connections += 1;
  const ends = frames.at(-1)?.endsConnection === true;
  const hello = fuzzer.chance(0.9) ? helloOf() : '';
  // One answer for each, the last one's being null's where it ends the connection.
  const expected = frames.length + (hello === '' ? 0 : 1);
  const bytes = Buffer.from(hello + frames.map(({ text }) => `${text}\f`).join(''));

  const socket = connect(socketPath);
  let answers = 0;
  const answered = Promise.withResolvers<undefined>();
  socket.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(0x0c); at !== -1; at = chunk.indexOf(0x0c, at + 1)) {
      answers += 1;
    }
    if (answers >= expected) {
      answered.resolve(undefined);
    }
  });
  // The daemon lets go of what does not speak its language, also while that is still writing: what it was answered is then
  // lost on the way.
  socket.on('error', () => undefined);
  const { promise: closed, resolve: onClose } = Promise.withResolvers<undefined>();
  socket.on('close', () => onClose(undefined));
  if (fuzzer.chance(0.03)) {
    // Goes away in the middle of a frame.
    socket.end(bytes.subarray(0, fuzzer.below(bytes.length)));
    socket.destroySoon();
    await closed;
    return;
  }
  await write(bytes, fuzzer, socket);
  await Promise.race([answered.promise, closed]);
  if (ends) {
    await closed;
  }
  socket.destroy();
  await closed;
  if (ends && socket.errored !== null) {
    tally.broken += 1;
    return;
  }
  assert.equal(answers, expected, JSON.stringify(frames.map(({ kind, text }) => [kind, text.slice(0, 200)])));
}

/** Whole, or in pieces that do not heed characters or frames. */
async function write(bytes: Buffer, fuzzer: FrameFuzzer, socket: ReturnType<typeof connect>): Promise<void> {
  if (!fuzzer.chance(0.2)) {
    socket.write(bytes);
    return;
  }
  const pieces = 2 + fuzzer.below(10);
  for (let start = 0; start < bytes.length && !socket.destroyed;) {
    const end = start + 1 + fuzzer.below(Math.ceil((bytes.length * 2) / pieces));
    socket.write(bytes.subarray(start, end));
    start = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function attackUntil(
  frames: number,
  socketPath: string,
  fuzzer: FrameFuzzer,
  tally: Tally,
): Promise<void> {
  const lanes = Array.from({ length: parallelConnections }, async () => {
    while (tally.frames < frames) {
      await attack(socketPath, fuzzer, tally);
    }
  });
  await Promise.all(lanes);
}

/** Asks the status all the while. Gives the number of answers. */
async function beGood(connection: DaemonClient, signal: AbortSignal): Promise<number> {
  let answers = 0;
  while (!signal.aborted) {
    assert.deepEqual(await connection.call('status', {}), exampleStatus());
    answers += 1;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return answers;
}

const held = ({ heapBytes, externalBytes }: SocketProcessReport): number => heapBytes + externalBytes;

test(`${totalFrames} hostile frames: the daemon lives, a good client is served throughout, memory returns`, async (t) => {
  await using daemon = await SocketProcess.start();
  await using good = await DaemonClient.connect({
    socketPath: daemon.socketPath,
    client: { name: 'good', version: '1' },
  });
  const over = new AbortController();
  const serving = beGood(good, over.signal);
  // It is awaited below; until then an attack that fails is what there is to say.
  serving.catch(() => undefined);
  const fuzzer = new FrameFuzzer(seed);
  const tally: Tally = { frames: 0, connections: 0, broken: 0, byKind: new Map() };

  // By then everything is compiled and every pool has its size.
  await attackUntil(totalFrames / 5, daemon.socketPath, fuzzer, tally);
  const before = await daemon.report();
  await attackUntil(totalFrames, daemon.socketPath, fuzzer, tally);
  over.abort();
  const answers = await serving;
  // V8 gives pages back some seconds after they were needed.
  const end = performance.now() + 60_000;
  const isBack = ({ connections, residentBytes }: SocketProcessReport): boolean =>
    connections === 1 && residentBytes - before.residentBytes < grownResidentLimitBytes;
  let after = await daemon.report();
  while (!isBack(after) && performance.now() < end) {
    await delay(500);
    after = await daemon.report();
  }

  assert.ok(daemon.isAlive);
  assert.equal(after.connections, 1);
  assert.equal(after.openDescriptors, before.openDescriptors);
  assert.deepEqual(after.logLines, []);
  assert.ok(answers > 100, `the good client had ${answers} answers`);
  assert.equal(tally.byKind.size, 14);
  assert.ok(tally.broken < tally.connections / 5, `${tally.broken} connections broke`);
  const grownBytes = held(after) - held(before);
  const grownResidentBytes = after.residentBytes - before.residentBytes;
  t.diagnostic(
    `seed ${seed}: ${tally.frames} frames over ${tally.connections} connections, ${tally.broken} of which broke; the good client had ${answers} answers; ` +
      `heap and buffers ${held(before)} to ${held(after)} bytes, resident ${before.residentBytes} to ${after.residentBytes}`,
  );
  assert.ok(grownBytes < 2_000_000, `${grownBytes} bytes more are held`);
  assert.ok(grownResidentBytes < grownResidentLimitBytes, `${grownResidentBytes} bytes more are resident`);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});
