/** What a schedule's checks mean for each kind of alert: whether to raise it, in which words, and whether an existing one is over. */

import { channelThresholds } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { hasSettled, slowLeak } from '@tidemark/shared/analysis/slow-leak.ts';
import type { SlowLeak } from '@tidemark/shared/analysis/slow-leak.ts';
import { baselineOf, isBack, levelRule, raisedLevel } from '@tidemark/shared/analysis/sustained-level.ts';
import type { Baseline, RaisedLevel } from '@tidemark/shared/analysis/sustained-level.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { CheckRecord } from '../history/run-queries.ts';

type LevelKind = 'active' | 'peak' | 'seconds';

interface AlertText {
  readonly reason: string;
  readonly hint: string;
}

type AlertRules = DaemonSettings['alerts'];

export interface Finding {
  /** What is wrong now; absent where nothing is. */
  readonly raised?: (AlertText & Pick<Alert, 'runIds' | 'baseline' | 'observed'>) | undefined;
  /** Whether an alert of this kind is over. */
  readonly isOver: (alert: Alert) => boolean;
  /** Whether it is so much worse than when a person acknowledged it that it takes a new alert. */
  readonly isWorse?: (alert: Alert) => boolean;
}

const idsOf = (checks: readonly RunRecord[]): number[] => checks.map(({ id }) => id);

/** Whether an end says something of the model or the host: that a person or the daemon's own end stopped it does not. */
const hasFailed = ({ state, error }: RunRecord): boolean =>
  state === 'failed' || (state === 'interrupted' && error !== undefined);

/** From all attempts of the same work, oldest first. */
export function failureFinding(attempts: readonly RunRecord[], { sustainedChecks }: AlertRules): Finding {
  const telling = attempts.filter((run) => run.state === 'complete' || hasFailed(run));
  const latest = telling.slice(-sustainedChecks);
  const isFull = latest.length === sustainedChecks;
  return {
    raised: isFull && latest.every(hasFailed) ? { ...failureText(latest), runIds: idsOf(latest) } : undefined,
    isOver: () => isFull && !latest.some(hasFailed),
  };
}

/** From complete checks, oldest first. One is enough: the leak rule has confirmed it within the check. */
export function leakFinding(checks: readonly CheckRecord[], { sustainedChecks }: AlertRules): Finding {
  const latest = checks.slice(-sustainedChecks);
  const last = latest.at(-1);
  return {
    raised: last?.leak === 'leak' ? { ...leakText(last), runIds: [last.id] } : undefined,
    isOver: () => latest.length === sustainedChecks && latest.every((check) => check.leak === 'no-leak'),
  };
}

/** From complete checks, oldest first: those that the newest one's host has made. */
export function slowLeakFinding(checks: readonly CheckRecord[]): Finding {
  const host = checks.at(-1)?.hostInstance;
  const ofHost = checks.flatMap(({ id, models, hostInstance, figures }) =>
    host === undefined || hostInstance !== host || figures === undefined ? [] : [{ id, models, figures }],
  );
  const channels = ['activeBytes', 'footprintBytes'] as const;
  const isOver = (): boolean =>
    channels.every((channel) => hasSettled(ofHost.map(({ figures }) => figures[channel])));
  for (const channel of channels) {
    const series = ofHost.map(({ figures }) => figures[channel]);
    const found = slowLeak(series, channelThresholds[channel]);
    const [first, last] = [ofHost.at(-(found?.checks ?? 1)), ofHost.at(-1)];
    if (found !== undefined && first !== undefined && last !== undefined) {
      const [baseline, observed] = [first.figures[channel], last.figures[channel]];
      const text = slowLeakText(channel, found, {
        from: baseline,
        to: observed,
        model: last.models.join(', '),
      });
      const runIds = ofHost.slice(-found.checks).map(({ id }) => id);
      return { raised: { ...text, runIds, baseline, observed }, isOver };
    }
  }
  return { isOver };
}

/**
 * From complete checks, oldest first. `before` gives those before a run, for an alert's own baseline: what came since is
 * what the alert is about.
 */
export function levelFinding(
  kind: LevelKind,
  checks: readonly CheckRecord[],
  rules: AlertRules,
  before: (runId: number) => readonly CheckRecord[],
): Finding {
  const share = { active: rules.activeShare, peak: rules.peakShare, seconds: rules.secondsShare }[kind];
  const sustained = rules.sustainedChecks;
  const measured = checks.filter(({ figures }) => figures !== undefined);
  const readings = readingsOf(kind, measured);
  const ownBaseline = ({ runIds, baseline }: Alert): Baseline | undefined =>
    baselineOf(runIds[0] === undefined ? [] : readingsOf(kind, before(runIds[0])), share) ??
    baselineOf(baseline === undefined ? [] : unmoved(baseline), share);
  const raised = raisedLevel(readings, { share, sustained });
  const finding: Finding = {
    isOver: (alert) => {
      const own = ownBaseline(alert);
      const usual = baselineOf(readings.slice(0, -sustained), share);
      // An acknowledged level that most checks now have is the baseline.
      const isUsual =
        alert.state === 'acknowledged' &&
        own !== undefined &&
        usual !== undefined &&
        usual.level > own.raisedAbove;
      return own !== undefined && (isBack(readings, own, sustained) || isUsual);
    },
    isWorse: (alert) => {
      const known = alert.observed === undefined ? undefined : baselineOf(unmoved(alert.observed), share);
      const latest = readings.slice(-sustained);
      return (
        known !== undefined && latest.length === sustained && latest.every((each) => each > known.raisedAbove)
      );
    },
  };
  const last = measured.at(-1);
  if (raised === undefined || last === undefined) {
    return finding;
  }
  const [baseline, observed] = [raised.baseline.level, raised.observed].map((value) =>
    kind === 'seconds' ? value : Math.round(value),
  );
  return {
    ...finding,
    raised: {
      ...levelText(kind, raised, { sustained, baselineRun: measured.at(-sustained - 1)?.id, run: last }),
      runIds: idsOf(measured.slice(-sustained)),
      baseline,
      observed,
    },
  };
}

/** Enough readings of the same level to make a baseline of. */
const unmoved = (level: number): number[] => Array.from({ length: levelRule.fewestEarlier }, () => level);

function readingsOf(kind: LevelKind, checks: readonly CheckRecord[]): number[] {
  return checks.flatMap(({ figures }) => {
    if (figures === undefined) {
      return [];
    }
    const { activeBytes, peakBytes, secondsPerIteration } = figures;
    return [{ active: activeBytes, peak: peakBytes, seconds: secondsPerIteration }[kind]];
  });
}

const levelNames: Readonly<Record<LevelKind, string>> = {
  active: 'Active memory',
  peak: 'Peak memory',
  seconds: 'Time per iteration',
};

function levelText(
  kind: LevelKind,
  { baseline, observed }: RaisedLevel,
  { sustained, baselineRun, run }: { sustained: number; baselineRun: number | undefined; run: RunRecord },
): AlertText {
  const amount = kind === 'seconds' ? formatDuration : formatBytes;
  const share = formatPercent((observed - baseline.level) / baseline.level);
  const checks = sustained === 1 ? 'in the last check' : `in ${sustained} consecutive checks`;
  return {
    reason:
      `${levelNames[kind]} of ${run.models.join(', ')} was ${amount(observed)} ${checks}, ` +
      `${share} above the baseline of ${amount(baseline.level)} from earlier checks.`,
    hint:
      baselineRun === undefined
        ? `Run \`tidemark show ${run.id}\` to see the figures.`
        : `Run \`tidemark compare ${baselineRun} ${run.id}\` to see what changed.`,
  };
}

function leakText(run: RunRecord): AlertText {
  return {
    reason: `A check of ${run.models.join(', ')} found a leak. ${run.finding ?? 'Its document lists the channels.'}`,
    hint: `Run \`tidemark show ${run.id}\` to see which channels grow.`,
  };
}

function slowLeakText(
  channel: 'activeBytes' | 'footprintBytes',
  { slope, checks }: SlowLeak,
  { from, to, model }: { from: number; to: number; model: string },
): AlertText {
  const name = channel === 'activeBytes' ? 'active memory' : 'footprint';
  return {
    reason:
      `The idle model host's ${name} grows by ${formatBytes(slope)} per check: with ${model} loaded, ` +
      `it went from ${formatBytes(from)} to ${formatBytes(to)} over ${checks} checks.`,
    hint: `Unload the model to free the memory, and run \`tidemark profile ${model} --iterations 60\` to find what grows.`,
  };
}

function failureText(runs: readonly RunRecord[]): AlertText {
  const last = runs.at(-1);
  const why = last?.error?.message ?? last?.reason ?? 'No reason was recorded.';
  const checks = runs.length === 1 ? 'The last check' : `The last ${runs.length} checks`;
  return {
    reason: `${checks} of ${last?.models.join(', ') ?? 'the model'} failed. ${why}`,
    hint: last?.error?.hint ?? 'Run `tidemark doctor` to check the installation.',
  };
}
