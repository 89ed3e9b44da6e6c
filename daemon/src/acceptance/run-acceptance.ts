/** Runs the checks one after the other, leaves the machine as it was, and says what came of each. */

import { arch, cpus, hostname, platform, release, totalmem, userInfo } from 'node:os';
import { readFile } from 'node:fs/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { acceptanceSchemaVersion } from '@tidemark/shared/protocol/acceptance-document.ts';
import type {
  AcceptanceCheck,
  AcceptanceCheckId,
  AcceptanceDocument,
} from '@tidemark/shared/protocol/acceptance-document.ts';
import { repositoryRoot } from '../paths.ts';
import type { ServiceSystem } from '../service/system.ts';
import { tidemarkVersion } from '../version.ts';
import type { Check, Findings, Surroundings } from './check.ts';
import { daemonChecks } from './daemon-checks.ts';
import { machineChecks } from './machine-checks.ts';
import { measuringChecks } from './measuring-checks.ts';
import { publicWords } from './public-words.ts';
import { serviceChecks } from './service-checks.ts';
import { TriedService } from './tried-service.ts';
import type { Consent } from './tried-service.ts';
import { sleep } from './sleep-check.ts';
import { NotMet, Skipped, Trial } from './trial.ts';
import { usualLimits, Workplace } from './workplace.ts';
import type { Limits } from './workplace.ts';

export interface AcceptanceOptions extends Pick<Surroundings, 'models' | 'voice' | 'text' | 'ask'> {
  readonly system: ServiceSystem;
  readonly only: readonly AcceptanceCheckId[];
  readonly consent: Consent;
  readonly signal: AbortSignal;
  readonly limits?: Partial<Limits>;
  readonly onCheck?: (check: Check, place: number, of: number) => void;
  /** What a command says while it works. */
  readonly onLine?: (line: string) => void;
  readonly onResult?: (result: AcceptanceCheck) => void;
}

/** In the order in which they run. */
export const allChecks: readonly Check[] = [
  ...measuringChecks,
  ...daemonChecks,
  sleep,
  ...serviceChecks,
  ...machineChecks,
];

/** Throws the signal's reason where it is aborted, once everything is as it was. What fails is in the document. */
export async function runAcceptance(options: AcceptanceOptions): Promise<AcceptanceDocument> {
  const { system, signal, models, only, consent } = options;
  const startedAt = new Date();
  const findings: Findings = {};
  using workplace = new Workplace({
    system,
    signal,
    limits: { ...usualLimits, ...options.limits },
    // What a command says while it is stopped is of no interest.
    onLine: (line) => (signal.aborted ? undefined : options.onLine?.(line)),
  });
  await using service = new TriedService(workplace, system, consent);
  const surroundings: Surroundings = {
    workplace,
    models,
    voice: options.voice,
    text: options.text,
    service,
    ask: options.ask,
    findings,
  };
  const wanted = allChecks.filter(({ id }) => only.includes(id));
  const checks: AcceptanceCheck[] = [];
  for (const [place, check] of wanted.entries()) {
    options.onCheck?.(check, place + 1, wanted.length);
    const result = await runCheck(check, surroundings);
    signal.throwIfAborted();
    checks.push(result);
    options.onResult?.(result);
  }
  const document: AcceptanceDocument = {
    kind: 'acceptance',
    schemaVersion: acceptanceSchemaVersion,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    machine: await machineOf(system, findings),
    versions: {
      tidemark: tidemarkVersion,
      node: process.versions.node,
      ...(findings.versions === undefined ? {} : { mlx: findings.versions.mlx }),
    },
    models: [...models],
    checks,
    outcome: checks.some(({ status }) => status === 'failed') ? 'failed' : 'passed',
  };
  return publicWords({
    folders: [workplace.folder, repositoryRoot],
    homes: [system.home, userInfo().homedir],
    users: [userInfo().username],
    host: hostname(),
  })(document);
}

async function runCheck(check: Check, surroundings: Surroundings): Promise<AcceptanceCheck> {
  const trial = new Trial();
  const startedAt = performance.now();
  let skipped: string | undefined;
  try {
    await check.run(trial, surroundings);
  } catch (error) {
    if (error instanceof Skipped) {
      skipped = error.message;
    } else if (!(error instanceof NotMet)) {
      const found = error instanceof Error ? error.message : String(error);
      const hint = error instanceof TidemarkError && error.hint !== undefined ? ` ${error.hint}` : '';
      trial.expect('the check runs to its end', `${found}${hint}`, false);
    }
  }
  const { id, title, shows } = check;
  const { commands, expectations, failure: reason } = trial;
  const common = { id, title, shows, seconds: (performance.now() - startedAt) / 1000, commands };
  if (reason !== undefined) {
    return { ...common, status: 'failed', expectations, reason };
  }
  if (skipped !== undefined || expectations.length === 0) {
    return { ...common, status: 'skipped', expectations, reason: skipped ?? 'There was nothing to check.' };
  }
  return {
    ...common,
    status: 'passed',
    expectations,
    ...(trial.remark === undefined ? {} : { remark: trial.remark }),
  };
}

async function machineOf(
  system: ServiceSystem,
  { device }: Findings,
): Promise<AcceptanceDocument['machine']> {
  const processors = cpus();
  return {
    platform: platform(),
    architecture: arch(),
    system: await systemName(system),
    kernel: release(),
    chip: processors[0]?.model ?? arch(),
    cores: processors.length,
    memoryBytes: totalmem(),
    ...(device === undefined
      ? {}
      : {
          backend:
            device.type === 'cpu'
              ? 'CPU'
              : `${device.platform === 'darwin' ? 'Metal' : 'CUDA'}, ${device.name}`,
        }),
  };
}

/** `macOS 15.5 (24F74)` by sw_vers(1), or what os-release(5) says. */
async function systemName(system: ServiceSystem): Promise<string> {
  if (platform() === 'darwin') {
    const said = (await system.execute(['/usr/bin/sw_vers']))?.stdout ?? '';
    const value = (name: string): string => new RegExp(`^${name}:\\s*(.+)$`, 'mu').exec(said)?.[1] ?? '?';
    return `macOS ${value('ProductVersion')} (${value('BuildVersion')})`;
  }
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]+)/mu.exec(text)?.[1] ?? platform();
}
