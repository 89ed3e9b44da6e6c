/** Daemon: its exact state, and everything that is done to it: install, start, stop, restart, logs, doctor. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import type { ReactNode } from 'react';
import { formatDateTime } from '../../shared/src/format/dates.ts';
import type { ServiceDocument } from '../../shared/src/protocol/service-document.ts';
import { version } from '../package.json';
import { deeds } from './components/daemon-actions.tsx';
import { DoctorView, LogView } from './components/daemon-screens.tsx';
import { useInterval } from './components/use-daemon.ts';
import { CancelAction } from './components/run-actions.tsx';
import { withClient } from './lib/connection.ts';
import { daemonState, hostWord, stateWord } from './lib/daemon-state.ts';
import type { DaemonState } from './lib/daemon-state.ts';
import type { LaunchContexts } from './lib/deep-links.ts';
import { durationOf, runTitle } from './lib/run-words.ts';
import { serviceFacts, serviceText, serviceWords } from './lib/service.ts';
import { troubleText } from './lib/trouble.ts';
import { amount } from './lib/memory-words.ts';
import { preferences } from './lib/preferences.ts';

/** How often it looks again while it is open: the state is what this command is for. */
const everyMilliseconds = 3000;

export default function Command({
  launchContext,
}: LaunchProps<{ launchContext?: LaunchContexts['daemon'] }>): ReactNode {
  switch (launchContext?.show) {
    case 'logs':
      return <LogView isRoot />;
    case 'doctor':
      return <DoctorView isRoot />;
    case undefined:
      return <DaemonScreen />;
  }
}

function DaemonScreen(): ReactNode {
  const { data, isLoading, revalidate } = usePromise(() => daemonState({ ask: withClient }), [], {
    onError: () => undefined,
  });
  const hasCommand = data?.surroundings.tidemarkPath !== undefined;
  const service = usePromise(serviceFacts, [], { execute: hasCommand, onError: () => undefined });
  // A look that is still waiting for an answer would be given up by the next one, and a daemon that hangs never be told.
  useInterval(revalidate, everyMilliseconds, !isLoading);

  return (
    <List
      // Only at first: it looks again every few seconds, and a bar that flickers says nothing.
      isLoading={isLoading && data === undefined}
      isShowingDetail={data !== undefined}
      searchBarPlaceholder="Search what can be done…"
    >
      {data !== undefined && (
        <Items
          state={data}
          service={service.data}
          onChange={() => {
            revalidate();
            if (hasCommand) {
              service.revalidate();
            }
          }}
        />
      )}
    </List>
  );
}

interface ItemsProps {
  readonly state: DaemonState;
  /** What the service's manager knows, once the command has said it: that takes a moment. */
  readonly service: ServiceDocument | undefined;
  readonly onChange: () => void;
}

function Items({ state, service, onChange }: ItemsProps): ReactNode {
  const { status } = state;
  const refresh = (
    <Action
      title="Refresh"
      icon={Icon.ArrowClockwise}
      shortcut={Keyboard.Shortcut.Common.Refresh}
      onAction={onChange}
    />
  );
  const detail = (text: string): ReactNode => (
    <List.Item.Detail markdown={text} metadata={<DaemonMetadata state={state} service={service} />} />
  );
  const offered = deeds(state, onChange).filter(({ isOffered }) => isOffered);
  return (
    <>
      <List.Section title="State">
        <List.Item
          id="state"
          title={stateWord(state)}
          icon={stateIcon(state)}
          detail={detail(stateText(state))}
          actions={
            <ActionPanel>
              {(status === undefined ? offered[0] : offered.find(({ id }) => id === 'logs'))?.action}
              {refresh}
            </ActionPanel>
          }
        />
        {service !== undefined && (
          <List.Item
            id="service"
            title={`Service: ${serviceWords[service.state]}`}
            icon={Icon.Switch}
            detail={detail(serviceText(service))}
            actions={<ActionPanel>{refresh}</ActionPanel>}
          />
        )}
        {status !== undefined && (
          <List.Item
            id="host"
            title={`Model Host: ${hostWord(status)}`}
            icon={status.host.state === 'backing-off' ? Icon.Bolt : Icon.ComputerChip}
            detail={detail(hostText(status.host))}
            actions={<ActionPanel>{refresh}</ActionPanel>}
          />
        )}
        {status?.current !== undefined && (
          <List.Item
            id="current"
            title={`Busy: ${runTitle(status.current.record)}`}
            icon={Icon.CircleProgress50}
            detail={detail(
              `Run ${status.current.record.id} is at work` +
                `${status.current.progress === undefined ? '' : `: ${status.current.progress.done} of ${status.current.progress.total} iterations`}. ` +
                `${status.queued.length} more wait.`,
            )}
            actions={
              <ActionPanel>
                <CancelAction runId={status.current.record.id} onDone={onChange} />
                {refresh}
              </ActionPanel>
            }
          />
        )}
      </List.Section>
      <List.Section title="Actions">
        {offered.map(({ id, title, icon, explanation, action }) => (
          <List.Item
            key={id}
            id={id}
            title={title}
            icon={icon}
            detail={detail(explanation)}
            actions={
              <ActionPanel>
                {action}
                {refresh}
              </ActionPanel>
            }
          />
        ))}
      </List.Section>
    </>
  );
}

function stateIcon({ status, trouble }: DaemonState): { source: Icon; tintColor: Color } {
  if (status !== undefined) {
    return { source: Icon.CheckCircle, tintColor: Color.Green };
  }
  return trouble?.kind === 'starting'
    ? { source: Icon.Hourglass, tintColor: Color.Blue }
    : { source: Icon.XMarkCircle, tintColor: Color.Orange };
}

function stateText({ status, trouble, surroundings }: DaemonState): string {
  if (status === undefined) {
    return trouble === undefined ? '' : troubleText(trouble);
  }
  return [
    `The daemon runs since ${formatDateTime(new Date(status.daemon.startedAt))}.`,
    surroundings.isServiceInstalled ? '' : 'It was started by hand: nothing starts it again when you log in.',
    ...status.notices.map(({ message, hint }) => `> ${message}${hint === undefined ? '' : ` ${hint}`}`),
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}

function hostText({ lastDeath, deaths, model, voice }: NonNullable<DaemonState['status']>['host']): string {
  return [
    model === undefined ? 'No model is loaded.' : `It holds ${model} with the voice ${voice ?? '–'}.`,
    deaths === 0 ? '' : `It crashed ${deaths} times since the daemon began.`,
    lastDeath === undefined
      ? ''
      : `Last crash, ${formatDateTime(new Date(lastDeath.at))}: ${lastDeath.reason}`,
  ]
    .filter((line) => line !== '')
    .join('\n\n');
}

export interface DaemonMetadataProps {
  readonly state: DaemonState;
  readonly service: ServiceDocument | undefined;
}

export function DaemonMetadata({ state, service }: DaemonMetadataProps): ReactNode {
  const { unit, dataFolder } = preferences();
  const { status, surroundings } = state;
  const { Label, Separator } = List.Item.Detail.Metadata;
  return (
    <List.Item.Detail.Metadata>
      <Label title="Daemon" text={stateWord(state)} />
      <Label
        title="Service"
        text={
          service === undefined
            ? surroundings.isServiceInstalled
              ? 'Installed'
              : 'Not Installed'
            : serviceWords[service.state]
        }
      />
      <Label title="Command" text={surroundings.tidemarkPath ?? 'Not Found'} />
      {status !== undefined && (
        <>
          <Label title="Process" text={String(status.daemon.pid)} />
          <Label title="Version" text={`${status.daemon.version} (this extension: ${version})`} />
          <Label title="Up For" text={durationOf(status.daemon.uptimeSeconds)} />
          <Label title="Its Own Memory" text={amount(status.daemon.residentBytes, unit)} />
          <Separator />
          <Label title="Model Host" text={hostWord(status)} />
          <Label title="Model" text={status.host.model ?? 'None Loaded'} />
          {status.host.memory !== undefined && (
            <Label title="Active" text={amount(status.host.memory.activeBytes, unit)} />
          )}
          {status.host.memory !== undefined && (
            <Label title="Footprint" text={amount(status.host.memory.footprintBytes, unit)} />
          )}
          <Label title="Crashes" text={String(status.host.deaths)} />
          <Separator />
        </>
      )}
      <Label title="Data" text={status?.daemon.dataFolder ?? dataFolder} />
      {status !== undefined && <Label title="Socket" text={status.daemon.socketPath} />}
    </List.Item.Detail.Metadata>
  );
}
