/** The Python environments of the peers: each a venv of its own, pinned and made anew when the pins change, and scripts that run in it. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import * as v from 'valibot';
import { buildFolder } from '../../daemon/src/paths.ts';

const run = promisify(execFile);
interface Peer {
  readonly name: string;
  readonly requirements: string;
  /** Below the folder build. */
  readonly folder: string;
}

const mlxAudio: Peer = {
  name: 'mlx-audio',
  requirements: join(import.meta.dirname, 'requirements.txt'),
  folder: join('bench', 'venv'),
};

/** The venv's Python, installed first when it is not there as the requirements say. Throws `network`. */
export async function ensurePeerPython(note: (step: string) => void, peer = mlxAudio): Promise<string> {
  const folder = join(buildFolder, peer.folder);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed.txt');
  const pins = await readFile(peer.requirements, 'utf8');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === pins) {
    return python;
  }
  note(`Installing ${peer.name} for Python into ${join('build', peer.folder)} …`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await run(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(python, [...pip, '--no-deps', '--only-binary=:all:', '--requirement', peer.requirements]);
  } catch (cause) {
    throw new TidemarkError('network', `The Python environment for ${peer.name} could not be installed.`, {
      hint: 'It needs Python 3.11 or later with venv and pip (set PYTHON to use another one), and access to the Python package index.',
      cause,
    });
  }
  // Written last: an installation that was cut short is done again.
  await writeFile(stamp, pins);
  return python;
}

/** Runs a script, a job as JSON in, its results as JSON out. Throws where it fails; what it said is on stderr then. */
export async function askPeer<Schema extends v.GenericSchema>(
  python: string,
  script: string,
  { job, schema }: { readonly job: unknown; readonly schema: Schema },
): Promise<v.InferOutput<Schema>> {
  const peer = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  peer.stdin.end(JSON.stringify(job));
  const closed = once(peer, 'close');
  const output = await text(peer.stdout);
  await closed;
  if (peer.exitCode !== 0) {
    throw new Error(`${basename(script)} failed; see above`);
  }
  return v.parse(schema, JSON.parse(output));
}
