/** The sections of the menu that a glance at the daemon fills. */

import { Color, Icon } from '@raycast/api';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '../../../shared/src/protocol/daemon/status.ts';
import type { Glance } from './load-snapshot.ts';
import { memoryItems, modelItems } from './menu-memory.ts';
import { shortAmount } from './memory-words.ts';
import type { MenuItem, MenuOptions, MenuSection } from './menu-types.ts';
import { ago, alertNames, leakLooks, runLook, runMoment, runTitle } from './run-words.ts';

export function glanceSections(
  { status, runs }: Glance,
  isStale: boolean,
  options: MenuOptions,
): readonly MenuSection[] {
  return [
    { key: 'notices', items: noticeItems(status) },
    { key: 'memory', title: 'Memory', items: memoryItems(status, options) },
    { key: 'model', title: 'Model', items: modelItems(status, isStale, options) },
    { key: 'now', title: 'Now', items: isStale ? [] : currentItems(status) },
    { key: 'checks', title: 'Leak Checks', items: checkItems(status, isStale, options) },
    { key: 'runs', title: 'Recent Runs', items: runs.map((run) => runItem(run, options)) },
  ];
}

const noticeItems = ({ notices }: DaemonStatus): readonly MenuItem[] =>
  notices.slice(-2).map(({ at, message, hint }) => ({
    key: `notice-${at}`,
    title: message,
    icon: Icon.Info,
    ...(hint === undefined ? {} : { tooltip: hint }),
    action: { kind: 'open', command: 'daemon', context: {} },
  }));

function currentItems({ current, queued }: DaemonStatus): readonly MenuItem[] {
  if (current === undefined) {
    return [];
  }
  const { record, progress } = current;
  return [
    {
      key: 'current',
      title: `Run ${record.id}: ${runTitle(record)}`,
      subtitle: progress === undefined ? 'starting' : `${progress.done} of ${progress.total}`,
      icon: Icon.CircleProgress50,
      tooltip: 'Follow this run',
      action:
        record.kind === 'study'
          ? { kind: 'open', command: 'compare-models', context: { followRunId: record.id } }
          : { kind: 'open', command: 'profile-memory', context: { followRunId: record.id } },
    },
    {
      key: 'cancel',
      title: `Cancel Run ${record.id}`,
      icon: Icon.Stop,
      action: { kind: 'cancel', runId: record.id },
    },
    ...(queued.length === 0
      ? []
      : [
          {
            key: 'queued',
            title: queued.length === 1 ? '1 run waits' : `${queued.length} runs wait`,
            icon: Icon.Clock,
            action: { kind: 'open', command: 'runs', context: {} } as const,
          },
        ]),
  ];
}

function checkItems(
  { lastCheck, schedules, alerts }: DaemonStatus,
  isStale: boolean,
  { now }: MenuOptions,
): readonly MenuItem[] {
  const { latest } = alerts;
  const look = lastCheck?.leak === undefined ? undefined : leakLooks[lastCheck.leak];
  return [
    ...(latest === undefined || latest.state !== 'open'
      ? []
      : [
          {
            key: 'alert',
            title: `Alert: ${alertNames[latest.kind]}`,
            subtitle: `${latest.scheduleName}, ${ago(latest.raisedAt, now)}`,
            icon: Icon.Bell,
            color: Color.Red,
            tooltip: `${latest.reason} ${latest.hint}`,
            action: { kind: 'open', command: 'leak-checks', context: { alertId: latest.id } } as const,
          },
        ]),
    lastCheck === undefined
      ? { key: 'last', title: 'No check yet', icon: Icon.Circle }
      : {
          key: 'last',
          title: `Last Check: ${look?.word ?? 'Without Verdict'}`,
          subtitle: `${lastCheck.model}, ${ago(lastCheck.at, now)}`,
          icon: look?.icon ?? Icon.Circle,
          ...(look === undefined ? {} : { color: look.color }),
          ...(lastCheck.finding === undefined ? {} : { tooltip: lastCheck.finding }),
          action: { kind: 'open', command: 'runs', context: { runId: lastCheck.runId } },
        },
    schedules.next === undefined
      ? {
          key: 'next',
          title: schedules.paused
            ? 'Schedules are paused'
            : schedules.count === 0
              ? 'No check is scheduled'
              : 'No check is due',
          icon: Icon.Calendar,
          action: { kind: 'open', command: 'leak-checks', context: {} },
        }
      : {
          key: 'next',
          title: `Next Check: ${schedules.next.name}`,
          subtitle: ago(schedules.next.at, now),
          icon: Icon.Calendar,
          action: {
            kind: 'open',
            command: 'leak-checks',
            context: { scheduleId: schedules.next.scheduleId },
          },
        },
    ...(isStale
      ? []
      : [
          { key: 'check', title: 'Check for Leaks Now', icon: Icon.Play, action: { kind: 'check' } as const },
        ]),
  ];
}

function runItem(run: RunRecord, { preferences: { unit }, now }: MenuOptions): MenuItem {
  const { icon, color, word } = runLook(run);
  const peak = run.figures === undefined ? '' : `peak ${shortAmount(run.figures.peakBytes, unit)}, `;
  return {
    key: `run-${run.id}`,
    // The number keeps siblings apart: of two with the same title, Raycast runs the wrong one's action.
    title: `${run.id}: ${runTitle(run)}`,
    subtitle: `${word}, ${peak}${ago(runMoment(run), now)}`,
    icon,
    color,
    ...(run.finding === undefined ? {} : { tooltip: run.finding }),
    action: { kind: 'open', command: 'runs', context: { runId: run.id } },
  };
}
