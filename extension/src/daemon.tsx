/** Daemon: its exact state, and everything that can be done to it: install, start, stop, restart, logs, doctor. */

import { ActionPanel, Color, Icon, List } from '@raycast/api';
import type { Image, LaunchProps } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '@tidemark/client/format/dates';
import { counted, formatDuration } from '@tidemark/client/format/numbers';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import type { ServiceDocument } from '@tidemark/client/protocol/daemon-documents';
import { version } from '../package.json';
import { RefreshAction } from './components/actions.tsx';
import { DaemonActionItem, daemonActions } from './components/daemon-actions.tsx';
import { DoctorView, LogView } from './components/daemon-screens.tsx';
import { FirstSteps } from './components/trouble-screen.tsx';
import { useAnswer, useInterval } from './components/use-daemon.ts';
import { CancelAction } from './components/run-actions.tsx';
import { Labels } from './components/run-metadata.tsx';
import { daemonState, hostWord, stateWord } from './lib/daemon-state.ts';
import type { DaemonState } from './lib/daemon-state.ts';
import { launchContextOf } from './lib/deep-links.ts';
import { blocks, plain } from './lib/markdown.ts';
import { runTitle } from './lib/run-words.ts';
import { serviceFacts, serviceText, serviceWords } from './lib/service.ts';
import { troubleText } from './lib/trouble.ts';
import { amount } from './lib/memory-words.ts';
import { preferences } from './lib/preferences.ts';

/** How often it looks again while it is open: the state is what this command is for. */
const everyMilliseconds = 3000;

export default function Command(props: LaunchProps | undefined): ReactNode {
  switch (launchContextOf('daemon', props).show) {
    case 'logs':
      return <LogView isRoot />;
    case 'doctor':
      return <DoctorView isRoot />;
    case 'first-steps':
      return <FirstSteps isRoot />;
    case undefined:
      return <DaemonScreen />;
  }
}

function DaemonScreen(): ReactNode {
  const { data, isLoading, revalidate } = useAnswer(daemonState);
  const hasCommand = data?.surroundings.tidemarkPath !== undefined;
  const service = useAnswer(serviceFacts, { execute: hasCommand });
  // A look that is still waiting for an answer would be given up by the next one, and a daemon that hangs never be told.
  useInterval(revalidate, everyMilliseconds, !isLoading);

  return (
    <List
      // Only at first: it looks again every few seconds, and a bar that flickers says nothing.
      isLoading={isLoading && data === undefined}
      isShowingDetail={data !== undefined}
      searchBarPlaceholder="Search states and actions…"
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
  /** What the service manager knows, once the command has said it, which takes a moment. */
  readonly service: ServiceDocument | undefined;
  readonly onChange: () => void;
}

function Items({ state, service, onChange }: ItemsProps): ReactNode {
  const { status } = state;
  const item = (
    id: string,
    title: string,
    icon: Image.ImageLike,
    text: string,
    action?: ReactNode,
  ): ReactNode => (
    <List.Item
      key={id}
      id={id}
      title={title}
      icon={icon}
      detail={
        <List.Item.Detail markdown={text} metadata={<DaemonMetadata state={state} service={service} />} />
      }
      actions={
        <ActionPanel>
          {action}
          <RefreshAction onAction={onChange} />
        </ActionPanel>
      }
    />
  );
  const actions = daemonActions(state, onChange).map((action) => ({
    ...action,
    element: <DaemonActionItem action={action} onChange={onChange} />,
  }));
  const first = status === undefined ? actions[0] : actions.find(({ id }) => id === 'logs');
  return (
    <>
      <List.Section title="State">
        {item('state', stateWord(state), stateIcon(state), stateText(state), first?.element)}
        {service !== undefined &&
          item('service', `Service: ${serviceWords[service.state]}`, Icon.Switch, serviceText(service))}
        {status !== undefined &&
          item(
            'host',
            `Model Host: ${hostWord(status)}`,
            status.host.state === 'backing-off' ? Icon.Bolt : Icon.ComputerChip,
            hostText(status.host),
          )}
        {status?.current !== undefined &&
          item(
            'current',
            `Running: ${runTitle(status.current.record)}`,
            Icon.CircleProgress50,
            currentText(status.current, status.queued.length),
            <CancelAction runId={status.current.record.id} onDone={onChange} />,
          )}
      </List.Section>
      <List.Section title="Actions">
        {actions.map(({ id, title, icon, explanation, element }) =>
          item(id, title, icon, explanation, element),
        )}
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
  return blocks([
    `The daemon has been running since ${formatDateTime(new Date(status.daemon.startedAt))}.`,
    surroundings.isServiceInstalled
      ? ''
      : 'It was started manually, so it does not start again when you log in.',
    ...status.notices.map(({ message, hint }) => `> ${plain(`${message} ${hint ?? ''}`)}`),
  ]);
}

function currentText(
  { record, progress }: NonNullable<DaemonStatus['current']>,
  queuedCount: number,
): string {
  const done = progress === undefined ? '' : `: ${progress.done} of ${counted(progress.total, 'iteration')}`;
  return `Run ${record.id} is running${done}. Queued runs: ${queuedCount}.`;
}

function hostText({ lastDeath, deaths, model, voice, engine }: DaemonStatus['host']): string {
  return blocks([
    model === undefined
      ? 'No model is loaded.'
      : plain(
          `${model} is loaded${engine === undefined ? '' : ` in ${engine}`} with the voice ${voice ?? '–'}.`,
        ),
    deaths === 0
      ? ''
      : `It has crashed ${deaths === 1 ? 'once' : `${deaths} times`} since the daemon started.`,
    lastDeath === undefined
      ? ''
      : plain(`Last crash, ${formatDateTime(new Date(lastDeath.at))}: ${lastDeath.reason}`),
  ]);
}

/** Where the daemon is, which version it has and what it weighs. */
function DaemonMetadata({ state, service }: Pick<ItemsProps, 'state' | 'service'>): ReactNode {
  const { unit, dataFolder } = preferences();
  const { status, surroundings } = state;
  const { Separator } = List.Item.Detail.Metadata;
  const installed = surroundings.isServiceInstalled ? 'Installed' : 'Not Installed';
  return (
    <List.Item.Detail.Metadata>
      <Labels
        of="list"
        texts={{
          Daemon: stateWord(state),
          Service: service === undefined ? installed : serviceWords[service.state],
          Command: surroundings.tidemarkPath ?? 'Not Found',
          'Process ID': status && String(status.daemon.pid),
          Version: status && `${status.daemon.version} (this extension: ${version})`,
          Uptime: status && formatDuration(status.daemon.uptimeSeconds),
          'Daemon Memory': status && amount(status.daemon.residentBytes, unit),
        }}
      />
      {status !== undefined && (
        <>
          <Separator />
          <Labels
            of="list"
            texts={{
              'Model Host': hostWord(status),
              Model: status.host.model ?? 'None Loaded',
              Engine: status.host.engine,
              Active: status.host.memory && amount(status.host.memory.activeBytes, unit),
              Footprint: status.host.memory && amount(status.host.memory.footprintBytes, unit),
              Crashes: String(status.host.deaths),
            }}
          />
          <Separator />
        </>
      )}
      <Labels
        of="list"
        texts={{
          'Data Folder': status?.daemon.dataFolder ?? dataFolder,
          Socket: status?.daemon.socketPath,
        }}
      />
    </List.Item.Detail.Metadata>
  );
}
