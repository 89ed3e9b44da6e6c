/** The sections of the menu that a glance at the daemon fills. */

import { Color, Icon } from '@raycast/api';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { DaemonStatus, MemoryReading } from '../../../shared/src/protocol/daemon/status.ts';
import { sparkline } from '../../../shared/src/format/sparkline.ts';
import type { Glance } from './menu-snapshot.ts';
import { amount, levelLooks, memoryLevel, shortAmount } from './memory-words.ts';
import type { CommandName, LaunchContexts } from './deep-links.ts';
import type { TidemarkPreferences } from './preferences.ts';
import { ago, alertNames, leakLooks, runLook, runMoment, runTitle } from './run-words.ts';

export type MenuAction =
  | { [Name in CommandName]: { kind: 'open'; command: Name; context: LaunchContexts[Name] } }[CommandName]
  | { kind: 'cancel'; runId: number }
  | { kind: 'unload' }
  | { kind: 'load'; model: string; voice: string }
  | { kind: 'check' }
  | { kind: 'service'; verb: 'start' | 'restart' }
  | { kind: 'copy'; text: string }
  | { kind: 'preferences' };

export interface MenuItem {
  readonly key: string;
  readonly title: string;
  readonly subtitle?: string;
  readonly icon?: Icon;
  readonly color?: Color;
  readonly tooltip?: string;
  readonly action?: MenuAction;
}

export interface MenuSection {
  readonly key: string;
  readonly title?: string;
  readonly items: readonly MenuItem[];
}

export interface MenuOptions {
  readonly preferences: TidemarkPreferences;
  readonly now: Date;
  /** What went wrong with the last thing that was chosen. */
  readonly failure?: string | undefined;
}

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

export function memoryItems(
  { host: { memory }, recentPeaks }: DaemonStatus,
  { preferences: { unit, thresholds }, now }: MenuOptions,
): readonly MenuItem[] {
  const figure = (key: string, name: string, bytes: number, reading: MemoryReading): MenuItem => ({
    key,
    title: name,
    subtitle: `${amount(bytes, unit)} · as of ${ago(reading.asOf, now)}`,
    tooltip: `${bytes.toLocaleString('en-US')} bytes. Click to copy.`,
    action: { kind: 'copy', text: amount(bytes, unit) },
  });
  const level = memory === undefined ? undefined : levelLooks[memoryLevel(memory.peakBytes, thresholds)];
  const peaks = recentPeaks.map(({ peakBytes }) => peakBytes);
  const [low, high] = [Math.min(...peaks), Math.max(...peaks)];
  return [
    ...(memory === undefined || level === undefined
      ? [{ key: 'nothing', title: 'No model is loaded, so none of it is in use' }]
      : [
          { ...figure('active', 'Active', memory.activeBytes, memory), icon: Icon.MemoryChip },
          {
            ...figure('peak', `Peak (${level.word})`, memory.peakBytes, memory),
            icon: level.icon,
            color: level.color,
          },
          { ...figure('cache', 'Cache', memory.cacheBytes, memory), icon: Icon.Box },
          { ...figure('footprint', 'Footprint', memory.footprintBytes, memory), icon: Icon.Footprints },
        ]),
    ...(peaks.length < 2
      ? []
      : [
          {
            key: 'sparkline',
            title: `Recent Peaks ${sparkline(peaks, { width: 20 })}`,
            subtitle:
              low === high ? amount(high, unit) : `${shortAmount(low, unit)} to ${shortAmount(high, unit)}`,
            icon: Icon.LineChart,
            tooltip: `The median peaks of the last ${peaks.length} profiles, oldest first`,
            action: { kind: 'open', command: 'runs', context: {} } as const,
          },
        ]),
  ];
}

export function modelItems(
  { host, current }: DaemonStatus,
  isStale: boolean,
  { preferences: { defaultModel, voice }, now }: MenuOptions,
): readonly MenuItem[] {
  const crash: readonly MenuItem[] =
    host.lastDeath === undefined || (host.state !== 'backing-off' && host.state !== 'none')
      ? []
      : [
          {
            key: 'death',
            title: `The model host crashed ${ago(host.lastDeath.at, now)}`,
            icon: Icon.Bolt,
            color: Color.Orange,
            tooltip: host.lastDeath.reason,
            action: { kind: 'open', command: 'daemon', context: { show: 'logs' } },
          },
        ];
  if (host.model === undefined) {
    const loads: readonly MenuItem[] =
      isStale || host.state === 'loading' || host.state === 'starting'
        ? []
        : [
            {
              key: 'load',
              title: `Load ${defaultModel}`,
              icon: Icon.Download,
              action: { kind: 'load', model: defaultModel, voice },
            },
          ];
    const word = host.state === 'loading' || host.state === 'starting' ? 'A model is loading' : 'None loaded';
    return [...crash, { key: 'held', title: word, icon: Icon.Circle }, ...loads];
  }
  const frees = host.unloadsAt === undefined || isStale ? '' : ` · frees ${ago(host.unloadsAt, now)}`;
  return [
    ...crash,
    {
      key: 'held',
      title: host.model,
      subtitle: `${host.voice ?? 'no voice'}${frees}`,
      icon: Icon.SpeakerHigh,
      ...(host.loadedAt === undefined ? {} : { tooltip: `Loaded ${ago(host.loadedAt, now)}` }),
      action: { kind: 'copy', text: host.model },
    },
    ...(isStale || current !== undefined
      ? []
      : [
          {
            key: 'unload',
            title: 'Unload Model',
            icon: Icon.Eject,
            tooltip: 'Ends the model host, which gives its memory back',
            action: { kind: 'unload' } as const,
          },
        ]),
  ];
}
