/** Checks of the service under a name of its own, beside the person's: launchd's on a Mac, systemd's on Linux. */

import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { historyFile } from '../history/history.ts';
import { isRunning } from '../host/host-processes.ts';
import { environmentOf, programOf, readPropertyList } from '../service/launch-agent.ts';
import { readDefinitionOf, readJob } from '../service/launchctl.ts';
import { runService } from '../service/run-service.ts';
import type { Check, Surroundings } from './check.ts';
import { expectGone, expectInterrupted, greeted, present, startLongRun } from './daemon-checks.ts';
import type { LongRun } from './daemon-checks.ts';
import { waitUntil } from './programs.ts';
import type { Trial } from './trial.ts';
import type { Workplace } from './workplace.ts';

async function install(trial: Trial, { workplace, service }: Surroundings): Promise<void> {
  const { state, message, daemon, pid, version, differences, definitionFile } = await service.install(trial);
  trial.expect('the service is installed and its daemon runs', message, state === 'running');
  trial.expect(
    `the daemon that answers is the manager's, of version ${version}`,
    daemon === undefined ? 'none answers' : `version ${daemon.version}`,
    daemon !== undefined && daemon.pid === pid && daemon.version === version,
  );
  trial.expect(
    'the installed definition is the one that this version writes',
    differences.join(', ') || 'it is',
    differences.length === 0,
  );
  if (workplace.system.platform === 'darwin') {
    const linted = await workplace.system.execute(['/usr/bin/plutil', '-lint', definitionFile ?? '']);
    trial.expect(
      '`plutil -lint` finds no fault in the property list',
      linted === undefined ? 'it cannot be run' : `exit code ${linted.exitCode ?? 'none'}`,
      linted?.exitCode === 0,
    );
  }
}

async function state(trial: Trial, { workplace, service }: Surroundings): Promise<void> {
  await service.install(trial);
  const facts = await service.act(trial, 'status');
  trial.expect('`tidemark service status` says that it runs', facts.message, facts.state === 'running');
  await (facts.manager === 'launchd' ? expectJob : expectUnit)(trial, workplace, facts);
}

/** What `launchctl print` says, held against the property list and the daemon that answers. */
async function expectJob(trial: Trial, { system }: Workplace, facts: ServiceDocument): Promise<void> {
  const target = `gui/${system.userId}/${facts.label}`;
  const executed = await system.execute(['launchctl', 'print', target]);
  trial.commands.push({ command: `launchctl print ${target}`, exitCode: executed?.exitCode ?? 1 });
  const printed = executed?.stdout ?? '';
  trial.require(
    '`launchctl print` prints the service',
    executed?.exitCode === 0
      ? `${printed.split('\n').length} lines`
      : (executed?.stderr.trim() ?? 'it cannot be run'),
    executed?.exitCode === 0 && printed !== '',
  );
  const list = readPropertyList(readFileSync(facts.definitionFile ?? '', 'utf8'));
  const job = readJob(printed);
  const definition = readDefinitionOf(printed);
  trial.expect(
    'its path is the property list',
    definition.path ?? 'none',
    definition.path === facts.definitionFile,
  );
  const program = programOf(list);
  trial.expect(
    'its program is that of the property list',
    definition.program ?? 'none',
    definition.program === program[0],
  );
  trial.expect(
    'its arguments are those of the property list',
    definition.arguments.join(' ') || 'none',
    isDeepStrictEqual([...definition.arguments], program),
  );
  const wanted = Object.entries(environmentOf(list));
  const missing = wanted.filter(([name, value]) => definition.environment[name] !== value);
  trial.expect(
    `its environment has the ${wanted.length} variables of the property list`,
    missing.map(([name]) => `${name} is missing or differs`).join(', ') || 'it has',
    missing.length === 0,
  );
  trial.expect('its state is “running”', job.state ?? 'none', job.state === 'running');
  trial.expect(
    'its pid is that of the daemon that answers',
    job.pid === undefined ? 'none' : job.pid === facts.daemon?.pid ? 'it is' : 'it is another one',
    job.pid !== undefined && job.pid === facts.daemon?.pid,
  );
}

/** As {@link expectJob}, of `systemctl show`. */
async function expectUnit(trial: Trial, { system }: Workplace, facts: ServiceDocument): Promise<void> {
  const words = ['systemctl', '--user', 'show', facts.label, '--property=FragmentPath,ActiveState,MainPID'];
  const executed = await system.execute(words);
  trial.commands.push({ command: words.join(' '), exitCode: executed?.exitCode ?? 1 });
  const values = new Map(
    (executed?.stdout ?? '').split('\n').map((line) => line.split('=', 2) as [string, string]),
  );
  trial.expect(
    'its FragmentPath is the unit that was written',
    values.get('FragmentPath') ?? 'none',
    values.get('FragmentPath') === facts.definitionFile,
  );
  trial.expect(
    'its ActiveState is “active”',
    values.get('ActiveState') ?? 'none',
    values.get('ActiveState') === 'active',
  );
  trial.expect(
    'its MainPID is the daemon that answers',
    values.get('MainPID') ?? 'none',
    values.get('MainPID') === String(facts.daemon?.pid),
  );
}

async function killed(trial: Trial, surroundings: Surroundings): Promise<void> {
  const { workplace, service } = surroundings;
  const { limits, signal, system } = workplace;
  await service.install(trial);
  const before = await service.act(trial, 'status');
  trial.require('a daemon runs that can be killed', before.message, before.pid !== undefined);
  const pid = before.pid ?? 0;
  let long: LongRun | undefined;
  {
    await using client = await greeted(trial, workplace, () => true);
    long = await startLongRun(trial, workplace, client, surroundings);
  }
  process.kill(pid, 'SIGKILL');
  trial.commands.push({ command: 'kill -9 PID', exitCode: 0 });
  const { runId, host } = present(long);
  await expectGone(trial, host, workplace);
  const killedAt = performance.now();
  const isBack = await waitUntil(
    async () => {
      const { pid: another, daemon } = await runService(system, { action: 'status' });
      return another !== undefined && another !== pid && daemon?.pid === another;
    },
    { seconds: limits.restart, signal },
  );
  const after = await service.act(trial, 'status');
  trial.require(
    `${before.manager} starts the daemon again within ${limits.restart} s`,
    isBack ? `after ${((performance.now() - killedAt) / 1000).toFixed(1)} s` : after.message,
    isBack && after.pid !== undefined && after.pid !== pid,
  );
  trial.expect(
    `${before.manager} counts one start more`,
    `${before.runs ?? 'no count'}, then ${after.runs ?? 'no count'}`,
    after.runs !== undefined && after.runs === (before.runs ?? 0) + 1,
  );
  await using client = await greeted(trial, workplace, () => true);
  await expectInterrupted(trial, client, runId);
}

async function uninstall(trial: Trial, { workplace, service }: Surroundings): Promise<void> {
  const { limits, signal, system, dataFolder, socketPath } = workplace;
  await service.install(trial);
  const { pid = 0, definitionFile = '' } = await service.act(trial, 'status');
  const after = await service.act(trial, 'uninstall');
  service.forget();
  trial.expect('the service is not installed', after.message, after.state === 'not-installed');
  trial.expect('its manager has forgotten it', after.isLoaded ? 'it is loaded' : 'it has', !after.isLoaded);
  trial.expect(
    'its definition is removed',
    existsSync(definitionFile) ? 'the file is there' : 'it is',
    !existsSync(definitionFile),
  );
  const isGone = await waitUntil(async () => !(await isRunning(pid)), { seconds: limits.end, signal });
  trial.expect(`its daemon ends within ${limits.end} s`, isGone ? 'it does' : 'it runs on', isGone);
  const greeting = await system.greet(socketPath);
  trial.expect('no daemon answers', greeting === undefined ? 'none' : 'one does', greeting === undefined);
  const history = historyFile(dataFolder);
  trial.expect('the history stays', existsSync(history) ? 'it does' : 'it is gone', existsSync(history));
  const difference = await service.ownDifference();
  trial.expect(
    'the person’s own service is as it was before',
    difference ?? 'it is',
    difference === undefined,
  );
}

/** The checks of the service, each of which installs it where that is not done. */
export const serviceChecks: readonly Check[] = [
  {
    id: 'service-install',
    title: 'Service: install',
    shows: 'The service is installed under a name of its own, and launchd or systemd runs its daemon.',
    run: install,
  },
  {
    id: 'service-state',
    title: 'Service: state',
    shows:
      'What `launchctl print` or `systemctl show` prints is understood, and agrees with the definition and the daemon.',
    run: state,
  },
  {
    id: 'service-killed',
    title: 'Service: kill -9',
    shows:
      'After kill -9 in the middle of a run, launchd or systemd starts the daemon again, and the run is interrupted.',
    run: killed,
  },
  {
    id: 'service-uninstall',
    title: 'Service: uninstall',
    shows:
      'Uninstalling leaves no process, no definition, and the history; the person’s own service is untouched.',
    run: uninstall,
  },
];
