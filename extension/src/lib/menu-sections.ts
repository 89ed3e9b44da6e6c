/** The menu as data, sections of items, each with what choosing it does; and the sections that a glance at the daemon fills. */

import { Color, Icon } from '@raycast/api';
import { counted } from '@tidemark/client/format/numbers';
import { sparkline } from '@tidemark/client/format/sparkline';
import { workWords } from '@tidemark/client/format/work-words';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { DaemonStatus } from '@tidemark/client/protocol/daemon/status';
import type { CommandName, LaunchContexts } from './deep-links.ts';
import { amount, levelLooks, memoryLevel, shortAmount } from './memory-words.ts';
import type { Glance } from './menu-snapshot.ts';
import type { MemoryUnit, TidemarkPreferences } from './preferences.ts';
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
  readonly color?: Color | undefined;
  readonly tooltip?: string | undefined;
  readonly action?: MenuAction;
}

export interface MenuSection {
  readonly key: string;
  readonly title?: string | undefined;
  /** Those that are false are left out. */
  readonly items: readonly (MenuItem | false)[];
}

export interface MenuOptions {
  readonly preferences: TidemarkPreferences;
  readonly now: Date;
  /** What went wrong with the last thing that was chosen. */
  readonly failure?: string | undefined;
}

type Items = MenuSection['items'];

/** Of a glance that is not of now, each section says of when it is, and nothing is offered that only a running daemon could do. */
export function glanceSections(
  { status, runs, seenAt }: Glance,
  isStale: boolean,
  options: MenuOptions,
): readonly MenuSection[] {
  const titled = (title: string): string =>
    isStale ? `${title}, as of ${ago(seenAt.toISOString(), options.now)}` : title;
  return [
    { key: 'notices', title: isStale ? titled('Notices') : undefined, items: noticeItems(status) },
    { key: 'memory', title: titled('Memory'), items: memoryItems(status, options) },
    { key: 'model', title: titled('Model'), items: modelItems(status, isStale, options) },
    { key: 'now', title: 'Now', items: isStale ? [] : currentItems(status) },
    { key: 'checks', title: titled('Leak Checks'), items: checkItems(status, isStale, options) },
    {
      key: 'runs',
      title: titled('Recent Runs'),
      items: runs.length === 0 ? [noRunsItem] : runs.map((run) => runItem(run, options)),
    },
  ];
}

const noticeItems = ({ notices }: DaemonStatus): Items =>
  notices.slice(-2).map(({ at, message, hint }) => ({
    key: `notice-${at}`,
    title: message,
    icon: Icon.Info,
    tooltip: hint,
    action: { kind: 'open', command: 'daemon', context: {} },
  }));

function memoryItems(status: DaemonStatus, { preferences: { unit, thresholds }, now }: MenuOptions): Items {
  const { memory } = status.host;
  if (memory === undefined) {
    return [
      { key: 'nothing', title: 'No model is loaded, so no model memory is in use' },
      peaksItem(status, unit, now),
    ];
  }
  const figure = (key: string, title: string, bytes: number, icon: Icon, color?: Color): MenuItem => ({
    key,
    title,
    subtitle: `${amount(bytes, unit)} · as of ${ago(memory.asOf, now)}`,
    icon,
    color,
    tooltip: `${bytes.toLocaleString('en-US')} bytes. Click to copy.`,
    action: { kind: 'copy', text: amount(bytes, unit) },
  });
  const level = levelLooks[memoryLevel(memory.peakBytes, thresholds)];
  return [
    figure('active', 'Active', memory.activeBytes, Icon.MemoryChip),
    figure('peak', `Peak (${level.word})`, memory.peakBytes, level.icon, level.color),
    figure('cache', 'Cache', memory.cacheBytes, Icon.Box),
    figure('footprint', 'Footprint', memory.footprintBytes, Icon.Footprints),
    peaksItem(status, unit, now),
  ];
}

/** Only with what the peaks are of: those of other models or texts have nothing to say beside each other. */
function peaksItem(
  { recentPeaks, recentPeaksOf }: DaemonStatus,
  unit: MemoryUnit,
  now: Date,
): MenuItem | false {
  const newest = recentPeaks.at(-1);
  if (recentPeaksOf === undefined || newest === undefined || recentPeaks.length < 2) {
    return false;
  }
  const peaks = recentPeaks.map(({ peakBytes }) => peakBytes);
  const [low, high] = [Math.min(...peaks), Math.max(...peaks)];
  const range = low === high ? amount(high, unit) : `${shortAmount(low, unit)} to ${shortAmount(high, unit)}`;
  const work = workWords(recentPeaksOf);
  return {
    key: 'sparkline',
    title: `Recent Peaks ${sparkline(peaks, { width: 20 })}`,
    subtitle: `${range} · ${work} · last ${ago(newest.at, now)}`,
    icon: Icon.LineChart,
    tooltip: `Median peaks of the last ${peaks.length} profiles of ${work}, oldest first`,
    action: { kind: 'open', command: 'runs', context: {} },
  };
}

function modelItems(
  { host, current }: DaemonStatus,
  isStale: boolean,
  { preferences: { defaultModel, voice }, now }: MenuOptions,
): Items {
  const { state, model, lastDeath, loadedAt, unloadsAt } = host;
  const isLoading = state === 'loading' || state === 'starting';
  const crash: MenuItem | false = lastDeath !== undefined &&
    (state === 'backing-off' || state === 'none') && {
      key: 'death',
      title: `The model host crashed ${ago(lastDeath.at, now)}`,
      icon: Icon.Bolt,
      color: Color.Orange,
      tooltip: lastDeath.reason,
      action: { kind: 'open', command: 'daemon', context: { show: 'logs' } },
    };
  if (model === undefined) {
    return [
      crash,
      { key: 'model', title: isLoading ? 'Loading a model' : 'No model is loaded', icon: Icon.Circle },
      !isStale &&
        !isLoading && {
          key: 'load',
          title: `Load ${defaultModel}`,
          icon: Icon.Download,
          action: { kind: 'load', model: defaultModel, voice },
        },
    ];
  }
  const unloads = unloadsAt === undefined || isStale ? '' : ` · unloads ${ago(unloadsAt, now)}`;
  return [
    crash,
    {
      key: 'model',
      title: model,
      subtitle: `${host.engine === undefined ? '' : `${host.engine}, `}${host.voice ?? 'no voice'}${unloads}`,
      icon: Icon.SpeakerHigh,
      tooltip: loadedAt === undefined ? undefined : `Loaded ${ago(loadedAt, now)}`,
      action: { kind: 'copy', text: model },
    },
    !isStale &&
      current === undefined && {
        key: 'unload',
        title: 'Unload Model',
        icon: Icon.Eject,
        tooltip: 'Stops the model host, which frees its memory',
        action: { kind: 'unload' },
      },
  ];
}

function currentItems({ current, queued }: DaemonStatus): Items {
  if (current === undefined) {
    return [];
  }
  const { record, progress } = current;
  const context = { followRunId: record.id };
  return [
    {
      key: 'current',
      title: `Run ${record.id}: ${runTitle(record)}`,
      subtitle: progress === undefined ? 'starting' : `${progress.done} of ${progress.total}`,
      icon: Icon.CircleProgress50,
      tooltip: 'Follow this run',
      action: {
        kind: 'open',
        command: record.kind === 'study' ? 'compare-models' : 'profile-memory',
        context,
      },
    },
    {
      key: 'cancel',
      title: `Cancel Run ${record.id}`,
      icon: Icon.Stop,
      action: { kind: 'cancel', runId: record.id },
    },
    queued.length > 0 && {
      key: 'queued',
      title: `${counted(queued.length, 'run')} queued`,
      icon: Icon.Clock,
      action: { kind: 'open', command: 'runs', context: {} },
    },
  ];
}

function checkItems(
  { lastCheck, schedules, alerts: { latest } }: DaemonStatus,
  isStale: boolean,
  { now }: MenuOptions,
): Items {
  const look = lastCheck?.leak === undefined ? undefined : leakLooks[lastCheck.leak];
  return [
    latest?.state === 'open' && {
      key: 'alert',
      title: `Alert: ${alertNames[latest.kind]}`,
      subtitle: `${latest.scheduleName}, ${ago(latest.raisedAt, now)}`,
      icon: Icon.Bell,
      color: Color.Red,
      tooltip: `${latest.reason} ${latest.hint}`,
      action: { kind: 'open', command: 'leak-checks', context: { alertId: latest.id } },
    },
    lastCheck === undefined
      ? { key: 'last', title: 'No check yet', icon: Icon.Circle }
      : {
          key: 'last',
          title: `Last Check: ${look?.word ?? 'No Verdict'}`,
          subtitle: `${lastCheck.model}, ${ago(lastCheck.at, now)}`,
          icon: look?.icon ?? Icon.Circle,
          color: look?.color,
          tooltip: lastCheck.finding,
          action: { kind: 'open', command: 'runs', context: { runId: lastCheck.runId } },
        },
    // A daemon that does not run checks nothing.
    !isStale && nextItem(schedules, now),
    !isStale && { key: 'check', title: 'Check for Leaks Now', icon: Icon.Play, action: { kind: 'check' } },
  ];
}

function nextItem({ next, paused, count }: DaemonStatus['schedules'], now: Date): MenuItem {
  const look = { key: 'next', icon: Icon.Calendar };
  if (next === undefined) {
    return {
      ...look,
      title: paused ? 'Schedules are paused' : count === 0 ? 'No check is scheduled' : 'No check is due',
      action: { kind: 'open', command: 'leak-checks', context: {} },
    };
  }
  return {
    ...look,
    title: `Next Check: ${next.name}`,
    subtitle: ago(next.at, now),
    action: { kind: 'open', command: 'leak-checks', context: { scheduleId: next.scheduleId } },
  };
}

const noRunsItem: MenuItem = {
  key: 'no-runs',
  title: 'No runs yet: profile a model…',
  icon: Icon.Gauge,
  action: { kind: 'open', command: 'profile-memory', context: {} },
};

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
    tooltip: run.finding,
    action: { kind: 'open', command: 'runs', context: { runId: run.id } },
  };
}
