/** The state of a unit of systemd, and the sentences that a person is told about it. */

import type { ServiceFacts, ServiceState } from '@tidemark/shared/protocol/service-document.ts';

/** What is asked of `systemctl show`. */
export const unitProperties = [
  'LoadState',
  'ActiveState',
  'SubState',
  'MainPID',
  'ExecMainCode',
  'ExecMainStatus',
  'NRestarts',
  'UnitFileState',
];

/** What `systemctl show` says of the unit. */
export interface UnitState {
  readonly isLoaded: boolean;
  readonly isActive: boolean;
  readonly isFailed: boolean;
  /** Between two attempts, or on its way in or out. */
  readonly isChanging: boolean;
  readonly isDisabled: boolean;
  readonly pid: number | undefined;
  readonly runs: number;
  readonly lastExitCode: number | undefined;
  readonly lastSignal: string | undefined;
}

export function readUnitState(shown: string): UnitState {
  const values = new Map(
    shown
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const pid = Number(values.get('MainPID') ?? 0);
  const status = Number(values.get('ExecMainStatus') ?? 0);
  const active = values.get('ActiveState');
  // Of sigaction(2): 1 CLD_EXITED, 2 CLD_KILLED, 3 CLD_DUMPED.
  const end = values.get('ExecMainCode');
  return {
    isLoaded: values.get('LoadState') === 'loaded',
    isActive: active === 'active',
    isFailed: active === 'failed' || values.get('SubState') === 'auto-restart',
    isChanging: active === 'activating' || active === 'deactivating' || active === 'reloading',
    isDisabled: ['disabled', 'masked', 'masked-runtime'].includes(values.get('UnitFileState') ?? ''),
    pid: pid > 0 ? pid : undefined,
    runs: Number(values.get('NRestarts') ?? 0) + (active === 'inactive' ? 0 : 1),
    lastExitCode: end === '1' ? status : undefined,
    lastSignal: end === '2' || end === '3' ? String(status) : undefined,
  };
}

export function stateOf(unit: UnitState, isInstalled: boolean, isOutdated: boolean): ServiceState {
  if (!isInstalled) {
    return 'not-installed';
  }
  if (unit.isDisabled && unit.pid === undefined) {
    return 'disabled';
  }
  if (isOutdated) {
    return 'outdated';
  }
  if (unit.isActive) {
    return 'running';
  }
  if (unit.isFailed) {
    return 'crashed';
  }
  return unit.isChanging ? 'loaded-not-running' : 'installed-not-loaded';
}

export function failureOf({ isFailed, lastExitCode, lastSignal }: UnitState): string | undefined {
  if (!isFailed) {
    return undefined;
  }
  return lastSignal === undefined
    ? `ended with exit code ${lastExitCode ?? 0}`
    : `was ended by signal ${lastSignal}`;
}

export function wordsFor(
  state: ServiceState,
  unit: UnitState,
  isOlder: boolean,
): Pick<ServiceFacts, 'message' | 'hint'> {
  switch (state) {
    case 'not-installed':
      return {
        message: 'The service is not installed.',
        hint: 'Install it with `tidemark service install`.',
      };
    case 'installed-not-loaded':
      return {
        message: 'The service is installed and stopped; it starts at the next login.',
        hint: 'Start it now with `tidemark service start`.',
      };
    case 'loaded-not-running':
      return { message: 'The daemon is being started or ended.' };
    case 'running':
      return { message: `The daemon runs as process ${unit.pid ?? 0}.` };
    case 'crashed':
      return {
        message: `The daemon ${failureOf(unit) ?? 'failed'}.`,
        hint: '`tidemark service logs` shows why; `tidemark service restart` tries again.',
      };
    case 'outdated':
      return isOlder
        ? { message: 'The daemon that runs is of another version.', hint: 'Run `tidemark service restart`.' }
        : {
            message: 'The unit is not the one that this version of Tidemark would install.',
            hint: 'Run `tidemark service install` to put the present one in its place.',
          };
    case 'disabled':
      return {
        message: 'The service is installed, and disabled.',
        hint: 'Enable and start it with `tidemark service start`.',
      };
    case 'unsupported':
      return { message: 'There is no systemd here.' };
  }
}
