/** Leak Checks: what was found and waits for a person, and the schedules by which it is looked for. */

import { Action, ActionPanel, Alert, Color, confirmAlert, Icon, Keyboard, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { useState } from 'react';
import type { ReactNode } from 'react';
import type { Alert as DaemonAlert } from '../../shared/src/protocol/daemon/alert.ts';
import type { Schedule } from '../../shared/src/protocol/daemon/schedule.ts';
import { AlertItem } from './components/alerts.tsx';
import { ScheduleForm } from './components/schedule-form.tsx';
import { ScheduleItem } from './components/schedule-item.tsx';
import { TroubleEmptyView } from './components/trouble-screen.tsx';
import { useDaemon } from './components/use-daemon.ts';
import { withClient } from './lib/connection.ts';
import type { LaunchContexts } from './lib/deep-links.ts';
import { openCommand, refreshMenuBar } from './lib/deep-links.ts';
import { withToast } from './lib/notify.ts';

interface Checks {
  readonly schedules: readonly Schedule[];
  readonly paused: boolean;
  readonly alerts: readonly DaemonAlert[];
}

export default function Command({
  launchContext,
}: LaunchProps<{ launchContext?: LaunchContexts['leak-checks'] }>): ReactNode {
  const [isAll, setIsAll] = useState(false);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const { data, trouble, isLoading, revalidate, mutate } = useDaemon<Checks, [boolean]>(
    async (client, all) => {
      const [{ schedules, paused }, { alerts }] = await Promise.all([
        client.call('listSchedules', {}),
        client.call('listAlerts', { all }),
      ]);
      return { schedules, paused, alerts };
    },
    [isAll],
  );
  const wanted = wantedItem(launchContext);
  const now = new Date();

  const change = async (
    words: { doing: string; done: string; failed: string },
    work: () => Promise<unknown>,
    update?: (before: Checks) => Checks,
  ): Promise<void> => {
    await withToast({ ...words, work: () => mutate(work(), update) });
    void refreshMenuBar();
  };

  const acknowledge = (alert: DaemonAlert | undefined): Promise<void> =>
    change(
      { doing: 'Acknowledging', done: 'Acknowledged', failed: 'Not acknowledged' },
      () =>
        withClient((client) => client.call('acknowledgeAlerts', alert === undefined ? {} : { id: alert.id })),
      (before) => ({
        ...before,
        alerts: before.alerts.map((each) =>
          each.state === 'open' && (alert === undefined || each.id === alert.id)
            ? { ...each, state: 'acknowledged' as const }
            : each,
        ),
      }),
    );

  const pause = (schedule: Schedule | undefined, paused: boolean): Promise<void> =>
    change(
      {
        doing: paused ? 'Pausing' : 'Resuming',
        done: paused ? 'Paused' : 'Resumed',
        failed: paused ? 'Not paused' : 'Not resumed',
      },
      () =>
        withClient((client) =>
          client.call('pauseSchedules', { ...(schedule === undefined ? {} : { id: schedule.id }), paused }),
        ),
      (before) =>
        schedule === undefined
          ? { ...before, paused }
          : {
              ...before,
              schedules: before.schedules.map((each) =>
                each.id === schedule.id ? { ...each, paused } : each,
              ),
            },
    );

  const remove = async (schedule: Schedule): Promise<void> => {
    const agreed = await confirmAlert({
      icon: Icon.Trash,
      title: `Remove “${schedule.name}”?`,
      message: 'Its checks stop. The runs that it made are kept.',
      primaryAction: { title: 'Remove', style: Alert.ActionStyle.Destructive },
    });
    if (agreed) {
      await change(
        { doing: 'Removing', done: `“${schedule.name}” is removed`, failed: 'Not removed' },
        () => withClient((client) => client.call('removeSchedule', { id: schedule.id })),
        (before) => ({ ...before, schedules: before.schedules.filter(({ id }) => id !== schedule.id) }),
      );
    }
  };

  const checkNow = async (schedule: Schedule | undefined): Promise<void> => {
    const run = await withToast({
      doing: 'Starting the check',
      done: 'The check is begun',
      failed: 'The check was not begun',
      work: () =>
        withClient((client) => client.call('checkNow', schedule === undefined ? {} : { id: schedule.id })),
    });
    if (run !== undefined) {
      await openCommand('profile-memory', { followRunId: run.id });
    }
  };

  const general = (
    <ActionPanel.Section>
      <Action.Push
        title="Add Schedule"
        icon={Icon.Plus}
        shortcut={Keyboard.Shortcut.Common.New}
        target={<ScheduleForm onSaved={revalidate} />}
      />
      <Action
        title="Check Default Model Now"
        icon={Icon.Play}
        shortcut={{ modifiers: ['cmd', 'shift'], key: 'return' }}
        onAction={() => void checkNow(undefined)}
      />
      {data !== undefined && data.schedules.length > 0 && (
        <Action
          title={data.paused ? 'Resume All Schedules' : 'Pause All Schedules'}
          icon={data.paused ? Icon.Play : Icon.Pause}
          shortcut={{ modifiers: ['cmd', 'shift'], key: 'p' }}
          onAction={() => void pause(undefined, !data.paused)}
        />
      )}
      <Action
        title="Refresh"
        icon={Icon.ArrowClockwise}
        shortcut={Keyboard.Shortcut.Common.Refresh}
        onAction={revalidate}
      />
    </ActionPanel.Section>
  );

  if (trouble !== undefined) {
    return (
      <List isLoading={isLoading} searchBarPlaceholder="Search checks…">
        <TroubleEmptyView trouble={trouble} onRetry={revalidate} />
      </List>
    );
  }
  const isWantedShown =
    wanted !== undefined &&
    data !== undefined &&
    [
      ...data.alerts.map(({ id }) => `alert-${id}`),
      ...data.schedules.map(({ id }) => `schedule-${id}`),
    ].includes(wanted);
  return (
    <List
      isLoading={isLoading}
      searchBarPlaceholder="Search alerts and schedules…"
      onSelectionChange={setSelectedId}
      {...(isWantedShown && selectedId === null ? { selectedItemId: wanted } : {})}
      searchBarAccessory={
        <List.Dropdown tooltip="Alerts to Show" onChange={(choice) => setIsAll(choice === 'all')}>
          <List.Dropdown.Item title="Open and Acknowledged" value="current" />
          <List.Dropdown.Item title="Resolved Too" value="all" />
        </List.Dropdown>
      }
    >
      {data !== undefined && (
        <List.EmptyView
          icon={{ source: Icon.Droplets, tintColor: Color.SecondaryText }}
          title="No Leak Checks Yet"
          description="Add a schedule, and Tidemark looks for leaks by itself and tells you once when it finds one."
          actions={<ActionPanel>{general}</ActionPanel>}
        />
      )}
      <List.Section title="Alerts" subtitle={data === undefined ? '' : String(data.alerts.length)}>
        {data?.alerts.map((alert) => (
          <AlertItem
            key={alert.id}
            alert={alert}
            now={now}
            onAcknowledge={(which) => void acknowledge(which)}
            general={general}
          />
        ))}
      </List.Section>
      <List.Section title="Schedules" subtitle={data?.paused === true ? 'All paused' : ''}>
        {data?.schedules.map((schedule) => (
          <ScheduleItem
            key={schedule.id}
            schedule={schedule}
            arePaused={data.paused}
            now={now}
            onCheckNow={() => void checkNow(schedule)}
            onPause={(paused) => void pause(schedule, paused)}
            onRemove={() => void remove(schedule)}
            onSaved={revalidate}
            general={general}
          />
        ))}
      </List.Section>
    </List>
  );
}

function wantedItem(context: LaunchContexts['leak-checks'] | undefined): string | undefined {
  if (context?.alertId !== undefined) {
    return `alert-${context.alertId}`;
  }
  return context?.scheduleId === undefined ? undefined : `schedule-${context.scheduleId}`;
}
