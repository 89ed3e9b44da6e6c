/** Model hosts that do as a test says, without libmlx: scripts for `ModelHost.start`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleProfile } from '@tidemark/shared/test/example-documents.ts';
import type { HostDescription } from '../src/host/messages.ts';
import type { Subject } from '../src/profiler/profile.ts';
import { temporaryFolder } from './temporary-folder.ts';

const description: Omit<HostDescription, 'pid'> = {
  device: {
    type: 'cpu',
    name: 'A processor',
    platform: 'linux',
    architecture: 'x64',
    cores: 2,
    memoryBytes: 8_000_000_000,
    info: {},
  },
  versions: { tidemark: '0.1.0', mlx: '0.32.4', node: '26.10.0', blas: 'none' },
};

/**
 * What every script begins with: `ready()` says that the host is ready, `sample(parameters)` is a whole iteration's result
 * and `load` a load's, `answer(request, result)` answers, and `respond(request)` as it should. It leaves when its channel
 * closes.
 */
const prologue = `
  const description = { ...${JSON.stringify(description)}, pid: process.pid };
  const ready = () => process.send({ type: 'ready', description });
  const answer = ({ id }, result) => process.send({ type: 'result', id, result });
  const load = {
    activeBytes: 1000, peakBytes: 1000, seconds: 0.1, voiceBytes: 10, weightTensors: 1, liveTensors: 2,
    footprintBeforeBytes: 500, footprintBytes: 2000,
  };
  const sample = ({ index, warmup }) => ({
    index, warmup, activeBeforeBytes: 1010, activeBytes: 1010, peakBytes: 3000, cacheBytes: 0, seconds: 0.1,
    audioSeconds: 1, samples: 24000, liveTensors: 2, undisposedTensors: 0, footprintBytes: 2000, heapBytes: 100,
    openFileDescriptors: 20,
  });
  const respond = (request) => {
    const { method, parameters } = request;
    const result = { iterate: () => sample(parameters), resetCache: () => ({ limitBytes: 33554432 }) }[method];
    answer(request, result?.() ?? load);
  };
  process.on('disconnect', () => process.exit());
`;

/** Writes a script, which goes with the test's folder, and returns its path. `body` is JavaScript; see the prologue. */
export function scriptedHost(body: string): string {
  const path = join(temporaryFolder(), 'host.mjs');
  writeFileSync(path, prologue + body);
  return path;
}

/** A host that is ready and answers everything as it should. */
export const obedient = `
  process.on('message', (request) => {
    respond(request);
  });
  ready();
`;

/** A model whose folder is its name, by which a scripted host can tell what to do. */
export function scriptedSubject(name: string): Subject {
  const { source, tensorBytes, bytesByDtype } = exampleProfile().model;
  return {
    model: { name, folder: name, source: { ...source, license: 'MIT' }, tensorBytes, bytesByDtype },
    voiceFile: 'voice',
  };
}
