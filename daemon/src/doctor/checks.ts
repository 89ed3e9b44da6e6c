/** The doctor's checks, one thing each: what the code runs on, what set-up downloaded, where it writes, and the machine. */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import type { Check } from '@tidemark/shared/protocol/command-documents.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { freeBytesAt, storageError } from '../files/storage-errors.ts';
import { keptSettings } from '../history/history.ts';
import type { HostDescription } from '../host/messages.ts';
import { ModelHost } from '../host/model-host.ts';
import { runningHosts } from '../host/host-processes.ts';
import {
  findPython,
  installedPython,
  mlxAudioEnvironment,
  ownPython,
  resolveEngine,
} from '../host/python-environment.ts';
import { listCatalogue } from '../models/catalogue.ts';
import { hubCacheFolder } from '../models/hub/environment.ts';
import { checkedPath, vocabularySource, weightsSource } from '../models/packaged.ts';
import { packagedVoices } from '../models/voices.ts';
import { isInstalled, repositoryRoot, setupCommand, setupHint } from '../paths.ts';
import { speechDefaults } from '../profiler/settings.ts';

/** The doctor adds the check's name. */
export type Finding = Omit<Check, 'id' | 'title'>;

/** What the checks examine besides the machine. */
interface Examined {
  readonly dataFolder: string;
  readonly host: HostDescription | Error;
  readonly signal?: AbortSignal | undefined;
}

type NamedCheck = readonly [id: string, title: string, find: () => Finding | Promise<Finding>];

/** All checks, in the order in which they are shown. A broken set-up may make one throw. */
export const checksOf = ({ dataFolder, host, signal }: Examined): readonly NamedCheck[] => [
  ['node', 'Node', checkNode],
  ['mlx', 'MLX', () => checkMlx(host)],
  ['blas', 'Matrix products', () => checkBlas(host)],
  ['weights', 'Packaged weights', () => checkWeights(signal)],
  ['voices', 'Packaged voices', checkVoices],
  ['phonemes', 'Text to phonemes', checkPhonemizer],
  ['mlx-audio', 'mlx-audio', () => checkEngine(dataFolder, signal)],
  ['data-folder', 'Data folder', () => checkDataFolder(dataFolder)],
  ['disk', 'Disk space', () => checkDisk(dataFolder)],
  ['checkpoints', 'Built models', () => checkCheckpoints(dataFolder)],
  ['hub-cache', 'Hugging Face cache', checkHubCache],
  ['memory', 'Memory', checkMemory],
  ['hosts', 'Other model hosts', checkOtherHosts],
];

/** An error as what a check found. */
export function failure(error: unknown): Finding {
  const { message, hint } = toErrorRecord(error);
  return { status: 'fail', detail: message, remedy: hint };
}

/** A model host's description, or why none could be started. libmlx is never loaded into this process. */
export async function describeHost(signal: AbortSignal | undefined): Promise<HostDescription | Error> {
  try {
    await using host = await ModelHost.start({ signal });
    return host.description;
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The Node that set-up pins is the one that everything was tested with; a package runs on the person's own. */
function checkNode(): Finding {
  const { node } = process.versions;
  if (isInstalled) {
    return { status: 'ok', detail: `${node}, ${process.execPath}` };
  }
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    optionalDependencies?: Record<string, string>;
  };
  const pinned = new Set(Object.values(manifest.optionalDependencies ?? {}));
  return pinned.has(node)
    ? { status: 'ok', detail: `${node}, the pinned version` }
    : {
        status: 'warn',
        detail: `${node}, but ${[...pinned].join(' or ')} is pinned`,
        remedy: 'Start Tidemark with `npx tidemark`, which uses the pinned Node.',
      };
}

export function checkMlx(host: HostDescription | Error): Finding {
  if (host instanceof Error) {
    return failure(host);
  }
  const { device, versions } = host;
  const detail = `libmlx ${versions.mlx} on ${device.name} (${device.type})`;
  return device.type === 'cpu' && existsSync('/proc/driver/nvidia/version')
    ? {
        status: 'ok',
        detail: `${detail}, although there is an NVIDIA driver; \`TIDEMARK_BACKEND=cuda ${setupCommand}\` uses its GPU`,
      }
    : { status: 'ok', detail };
}

/** MLX's Linux wheel comes with the reference BLAS, which is some thirty times as slow. */
export function checkBlas(host: HostDescription | Error): Finding {
  if (host instanceof Error) {
    return { status: 'fail', detail: 'unknown, because MLX does not load', remedy: setupHint };
  }
  const { blas } = host.versions;
  return /openblas|accelerate/i.test(blas)
    ? { status: 'ok', detail: blas }
    : { status: 'warn', detail: `${blas}, which is slow`, remedy: setupHint };
}

/** By their hashes; a missing or changed file throws. */
async function checkWeights(signal: AbortSignal | undefined): Promise<Finding> {
  await checkedPath(vocabularySource, signal);
  const { size } = await stat(await checkedPath(weightsSource, signal));
  return {
    status: 'ok',
    detail: `${weightsSource.file} (${formatBytes(size)}) from ${weightsSource.package} ${weightsSource.version}, hash verified`,
  };
}

function checkVoices(): Finding {
  const voices = packagedVoices();
  const { voice } = speechDefaults;
  return voices.includes(voice)
    ? { status: 'ok', detail: `${counted(voices.length, 'voice')}, including ${voice}` }
    : {
        status: 'warn',
        detail: `${counted(voices.length, 'voice')}, but not the default, ${voice}`,
        remedy: setupHint,
      };
}

async function checkPhonemizer(): Promise<Finding> {
  const { textToPhonemes } = await import('../kokoro/phonemes/index.ts');
  const [american, british] = [
    await textToPhonemes('water', 'american'),
    await textToPhonemes('water', 'british'),
  ];
  return { status: 'ok', detail: `“water” is /${american}/ in American and /${british}/ in British English` };
}

/** The largest checkpoint is 327 MB; the study's five are 1.2 GB. */
const leastFreeBytes = 400e6;
const enoughFreeBytes = 2e9;

/** The folder itself, or the nearest one above it that exists. */
function nearestExisting(folder: string): string {
  let path = folder;
  while (!existsSync(path) && dirname(path) !== path) {
    path = dirname(path);
  }
  return path;
}

/** The other engine, which only those need who ask for it: what it runs in, what it would be made with, or why it does not work. */
export async function checkEngine(folder: string, signal?: AbortSignal): Promise<Finding> {
  let python: string | undefined;
  try {
    const own = ownPython(undefined, keptSettings(folder).python);
    python = own ?? (await installedPython(mlxAudioEnvironment(folder)));
    if (python === undefined) {
      const base = await findPython(process.env, signal);
      return {
        status: 'ok',
        detail: `not installed; --engine mlx-audio installs it when first used, with ${base}`,
      };
    }
    const engine =
      own === undefined
        ? ({ name: 'mlx-audio', python, isOwn: true } as const)
        : await resolveEngine({ engine: 'mlx-audio', python: own }, { dataFolder: folder, signal });
    await using host = await ModelHost.start({ signal, engine });
    const { python: version = 'unknown', packages = {} } = host.description.versions;
    return {
      status: 'ok',
      detail: `${packages['mlx-audio'] ?? 'unknown'} in ${python}${whose(own)}, Python ${version}`,
    };
  } catch (error) {
    signal?.throwIfAborted();
    const { message, hint } = toErrorRecord(error);
    return python === undefined
      ? { status: 'ok', detail: `not installed, and only --engine mlx-audio needs it. ${message}` }
      : { status: 'warn', detail: message, remedy: hint };
  }
}

/** By what a person named it; nothing for the environment that Tidemark makes. */
function whose(own: string | undefined): string {
  if (own === undefined) {
    return '';
  }
  return own === process.env['TIDEMARK_PYTHON'] ? ' (TIDEMARK_PYTHON)' : ' (setting python)';
}

/** By writing a file, since permissions alone do not tell of a read-only or full disk. */
export async function checkDataFolder(folder: string): Promise<Finding> {
  const existing = nearestExisting(folder);
  try {
    const probe = await mkdtemp(join(existing, '.tidemark-doctor-'));
    try {
      await writeFile(join(probe, 'probe'), 'x');
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
  } catch (error) {
    throw storageError(error, folder);
  }
  return {
    status: 'ok',
    detail: existing === folder ? `${folder} is writable` : `${folder} does not exist yet and can be created`,
  };
}

export async function checkDisk(folder: string): Promise<Finding> {
  const freeBytes = await freeBytesAt(nearestExisting(folder));
  if (freeBytes === undefined) {
    return { status: 'ok', detail: `${folder} is on a disk that does not report its free space` };
  }
  const detail = `${formatBytes(freeBytes)} free at ${folder}`;
  if (freeBytes >= enoughFreeBytes) {
    return { status: 'ok', detail };
  }
  return {
    status: freeBytes < leastFreeBytes ? 'fail' : 'warn',
    detail: `${detail}; the models of a study take 1.2 GB`,
    remedy: 'Free some space, or set TIDEMARK_HOME to a folder on another disk.',
  };
}

export async function checkCheckpoints(folder: string): Promise<Finding> {
  const models = await listCatalogue(folder);
  const named = (state: string): string[] =>
    models.filter((model) => model.state === state).map(({ name }) => name);
  const [built, damaged] = [named('built'), named('damaged')];
  if (damaged.length > 0) {
    return {
      status: 'warn',
      detail: `damaged: ${damaged.join(', ')}`,
      remedy: `They are rebuilt when next used. To rebuild them now, run \`tidemark models build ${damaged.join(' ')}\`.`,
    };
  }
  return {
    status: 'ok',
    detail: built.length === 0 ? 'none yet; each is built on first use' : built.join(', '),
  };
}

/** Only repository ids need it, so a cache that cannot be written is no failure. */
export function checkHubCache(): Finding {
  const folder = hubCacheFolder();
  try {
    accessSync(nearestExisting(folder), constants.R_OK | constants.W_OK);
  } catch {
    return {
      status: 'warn',
      detail: `${folder} is not writable, so repositories cannot be downloaded`,
      remedy: 'Set HF_HOME to a folder that you can write to.',
    };
  }
  return { status: 'ok', detail: existsSync(folder) ? folder : `${folder}, which does not exist yet` };
}

/** What a host with a float32 model takes for the default text, and some room. */
const enoughMemoryBytes = 1.5e9;

function checkMemory(): Finding {
  const availableBytes = process.availableMemory();
  const detail = `${formatBytes(availableBytes)} of ${formatBytes(totalmem())} available`;
  return availableBytes >= enoughMemoryBytes
    ? { status: 'ok', detail }
    : {
        status: 'warn',
        detail: `${detail}; a float32 model and its activations take about a gigabyte`,
        remedy: 'Close other programs, or measure a smaller model.',
      };
}

/** Two at a time disturb each other's times, and on a GPU their memory. */
export async function checkOtherHosts(): Promise<Finding> {
  const hosts = await runningHosts();
  if (hosts.length === 0) {
    return { status: 'ok', detail: 'none' };
  }
  const list = hosts
    .map(({ pid, residentBytes }) => `process ${pid} with ${formatBytes(residentBytes)}`)
    .join(', ');
  return {
    status: 'warn',
    detail: `${list}; concurrent measurements disturb each other`,
    remedy: `Wait until it finishes, or stop it: kill ${hosts.map(({ pid }) => pid).join(' ')}`,
  };
}
