/** Leak Checks: the alerts that checks raised, and the schedules of the checks. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { useState } from 'react';
import type { ReactNode } from 'react';
import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import type { Alert, Schedule } from '@tidemark/client/protocol/daemon/schedule';
import { RefreshAction } from './components/actions.tsx';
import { AlertItem } from './components/alerts.tsx';
import { ScheduleForm } from './components/schedule-form.tsx';
import { ScheduleItem } from './components/schedule-item.tsx';
import { TroubleEmptyView } from './components/trouble-screen.tsx';
import { useDaemon } from './components/use-daemon.ts';
import { withClient } from './lib/connection.ts';
import type { LaunchContexts } from './lib/deep-links.ts';
import { launchContextOf, openCommand, refreshMenuBar } from './lib/deep-links.ts';
import { confirmDestructive, withToast } from './lib/notify.ts';
import type { ToastTitles } from './lib/notify.ts';

interface Checks {
  readonly schedules: readonly Schedule[];
  readonly paused: boolean;
  readonly alerts: readonly Alert[];
}

export default function Command(props: LaunchProps | undefined): ReactNode {
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
  const wanted = wantedItem(launchContextOf('leak-checks', props));
  const now = new Date();

  const change = async (
    titles: ToastTitles,
    request: (client: DaemonClient) => Promise<unknown>,
    update: (before: Checks) => Checks,
  ): Promise<void> => {
    await withToast({ ...titles, work: () => mutate(withClient(request), update) });
    void refreshMenuBar();
  };

  const acknowledge = (alert: Alert | undefined): Promise<void> =>
    change(
      { doing: 'Acknowledging', done: 'Acknowledged', failed: 'Could not acknowledge' },
      (client) => client.call('acknowledgeAlerts', { id: alert?.id }),
      (before) => ({
        ...before,
        alerts: before.alerts.map((each) =>
          each.state === 'open' && (alert === undefined || each.id === alert.id)
            ? { ...each, state: 'acknowledged' }
            : each,
        ),
      }),
    );

  const pause = (schedule: Schedule | undefined, paused: boolean): Promise<void> =>
    change(
      paused
        ? { doing: 'Pausing', done: 'Paused', failed: 'Could not pause' }
        : { doing: 'Resuming', done: 'Resumed', failed: 'Could not resume' },
      (client) => client.call('pauseSchedules', { id: schedule?.id, paused }),
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

  const remove = async ({ id, name }: Schedule): Promise<void> => {
    const isAgreed = await confirmDestructive({
      title: `Remove “${name}”?`,
      message: 'Its checks stop. The runs that it made are kept.',
      action: 'Remove',
    });
    if (isAgreed) {
      await change(
        { doing: 'Removing', done: `Removed “${name}”`, failed: 'Could not remove the schedule' },
        (client) => client.call('removeSchedule', { id }),
        (before) => ({ ...before, schedules: before.schedules.filter((each) => each.id !== id) }),
      );
    }
  };

  const checkNow = async (schedule: Schedule | undefined): Promise<void> => {
    const run = await withToast({
      doing: 'Starting the check',
      done: 'Started the check',
      failed: 'Could not start the check',
      work: () => withClient((client) => client.call('checkNow', { id: schedule?.id })),
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
        shortcut={{ modifiers: ['cmd', 'shift'], key: 'n' }}
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
      <RefreshAction onAction={revalidate} />
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
          <List.Dropdown.Item title="Include Resolved" value="all" />
        </List.Dropdown>
      }
    >
      {data !== undefined && (
        <List.EmptyView
          icon={{ source: Icon.Droplets, tintColor: Color.SecondaryText }}
          title="No Leak Checks Yet"
          description="Add a schedule to check for leaks automatically. You get one alert for each leak that is found."
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

function wantedItem({ alertId, scheduleId }: LaunchContexts['leak-checks']): string | undefined {
  if (alertId !== undefined) {
    return `alert-${alertId}`;
  }
  return scheduleId === undefined ? undefined : `schedule-${scheduleId}`;
}
