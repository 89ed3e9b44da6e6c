/** Raises and resolves alerts after each scheduled check: once, when it is sure, and not again until it is over. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { channelThresholds } from '@tidemark/shared/analysis/leak-verdict.ts';
import { hasSettled, mostChecks, slowLeak } from '@tidemark/shared/analysis/slow-leak.ts';
import { baselineOf, isBack, levelRule, raisedLevel } from '@tidemark/shared/analysis/sustained-level.ts';
import type { Alert, AlertKind } from '@tidemark/shared/protocol/daemon/alert.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { Log } from '../logging/log.ts';
import { failureText, leakText, levelText, slowLeakText } from './alert-text.ts';
import type { AlertText, LevelKind } from './alert-text.ts';
import type { Clock } from './clock.ts';
import type { AlertHistory, CheckRecord } from './ports.ts';

export interface AlertKeeperOptions {
  readonly history: AlertHistory;
  /** Tells the person; called where the settings allow it. */
  readonly notify: (alert: Alert) => Promise<void>;
  readonly clock: Clock;
  /** An alert was raised, acknowledged or resolved. */
  readonly onAlert: (alert: Alert) => void;
  readonly log?: Log;
}

/** What one kind of alert says after a check. */
interface Finding {
  /** Absent where nothing is wrong now. */
  readonly raised?: AlertText & Pick<Alert, 'runIds'> & { baseline?: number; observed?: number };
  /** Whether an alert that is there is over. */
  readonly isOver: (alert: Alert) => boolean;
}

export class AlertKeeper {
  readonly #options: AlertKeeperOptions;

  constructor(options: AlertKeeperOptions) {
    this.#options = options;
  }

  /** Looks at a run that has ended; of those that no schedule began it takes no notice. Never throws. */
  afterCheck(run: RunRecord): void {
    try {
      this.#examine(run);
    } catch (error) {
      this.#options.log?.error({ error, run: run.id }, 'A check could not be examined for alerts.');
    }
  }

  /** Newest first; resolved ones only with `all`. */
  list({ all = false }: { readonly all?: boolean } = {}): Alert[] {
    return [...this.#options.history.alerts({ all })];
  }

  /**
   * One, or without `id` all open ones. Returns what is acknowledged by it. One that is no longer open stays as it is.
   * Throws 'not-found'.
   */
  acknowledge(id?: number): Alert[] {
    const { history, clock, onAlert } = this.#options;
    const wanted = history.alerts({ all: true }).filter((alert) => id === undefined || alert.id === id);
    if (id !== undefined && wanted.length === 0) {
      throw new TidemarkError('not-found', `There is no alert ${id}.`, {
        hint: '`tidemark alerts --all` shows those that there are.',
      });
    }
    const acknowledged: Alert[] = [];
    for (const alert of wanted) {
      if (alert.state === 'open') {
        const changed = history.changeAlert(alert.id, {
          state: 'acknowledged',
          acknowledgedAt: clock.now().toISOString(),
        });
        acknowledged.push(changed);
        onAlert(changed);
      } else if (id !== undefined) {
        acknowledged.push(alert);
      }
    }
    return acknowledged;
  }

  #examine(run: RunRecord): void {
    const { history } = this.#options;
    if (run.trigger.kind !== 'schedule') {
      return;
    }
    const { scheduleId } = run.trigger;
    const { alerts: rules } = history.settings();
    const limit = Math.max(mostChecks, levelRule.mostEarlier + rules.sustainedChecks);
    const attempts = history
      .checksOf(scheduleId, { limit, before: run.id + 1, all: true })
      .filter((check) => isSameWork(check, run))
      .reverse();
    this.#settle(run, 'failure', failure(attempts, rules));
    const checks = attempts.filter((check) => check.state === 'complete');
    if (checks.at(-1)?.id !== run.id) {
      return;
    }
    this.#settle(run, 'leak', leak(checks, rules));
    this.#settle(run, 'slow-leak', slowLeakFinding(checks));
    for (const kind of ['active', 'peak', 'seconds'] as const) {
      this.#settle(run, kind, level(kind, checks, rules, this.#options.history));
    }
  }

  /** Brings the history's alerts of a kind in line with what was found. */
  #settle(run: RunRecord, kind: AlertKind, { raised, isOver }: Finding): void {
    const { history, clock } = this.#options;
    if (run.trigger.kind !== 'schedule') {
      return;
    }
    const { scheduleId, scheduleName } = run.trigger;
    const now = clock.now();
    const known = history
      .alerts({ all: true })
      .filter((alert) => alert.kind === kind && alert.scheduleId === scheduleId);
    const current = known.find((alert) => alert.state !== 'resolved');
    const model = run.models.join(', ');
    if (current !== undefined && (current.model !== model || (raised === undefined && isOver(current)))) {
      // Of a schedule that now checks another model nothing will ever be heard again.
      this.#tell(history.changeAlert(current.id, { state: 'resolved', resolvedAt: now.toISOString() }));
      return;
    }
    const cooldown = 1000 * history.settings().alerts.cooldownSeconds;
    const isCooling = known.some((alert) => {
      const since = now.getTime() - Date.parse(alert.resolvedAt ?? alert.raisedAt);
      return alert.model === model && since >= 0 && since < cooldown;
    });
    if (raised !== undefined && current === undefined && !isCooling) {
      const alert = history.addAlert({
        kind,
        scheduleId,
        scheduleName,
        model,
        state: 'open',
        raisedAt: now.toISOString(),
        ...raised,
      });
      this.#tell(alert);
      this.#notify(alert);
    }
  }

  #tell(alert: Alert): void {
    this.#options.log?.info({ alert }, `An alert was ${alert.state === 'open' ? 'raised' : alert.state}.`);
    this.#options.onAlert(alert);
  }

  #notify(alert: Alert): void {
    const { history, notify, log } = this.#options;
    if (!history.settings().notifications) {
      return;
    }
    Promise.resolve()
      .then(() => notify(alert))
      .catch((error: unknown) => {
        log?.warn({ error, alert: alert.id }, 'The notification of an alert could not be shown.');
      });
  }
}

type Rules = DaemonSettings['alerts'];

/** Figures are compared only where the same was asked of the same model. */
function isSameWork(a: RunRecord, b: RunRecord): boolean {
  const work = ({ models, voice, text, iterations, warmupIterations }: RunRecord): string =>
    JSON.stringify([models, voice, text, iterations, warmupIterations]);
  return work(a) === work(b);
}

const idsOf = (checks: readonly RunRecord[]): number[] => checks.map(({ id }) => id);

/** Whether an end says something of the model or the host: that a person or the daemon's own end stopped it does not. */
const hasFailed = ({ state, error }: RunRecord): boolean =>
  state === 'failed' || (state === 'interrupted' && error !== undefined);

function failure(attempts: readonly RunRecord[], { sustainedChecks }: Rules): Finding {
  const telling = attempts.filter((run) => run.state === 'complete' || hasFailed(run));
  const latest = telling.slice(-sustainedChecks);
  const isFull = latest.length === sustainedChecks;
  return {
    ...(isFull && latest.every(hasFailed)
      ? { raised: { ...failureText(latest), runIds: idsOf(latest) } }
      : {}),
    isOver: () => isFull && !latest.some(hasFailed),
  };
}

function leak(checks: readonly CheckRecord[], { sustainedChecks }: Rules): Finding {
  const latest = checks.slice(-sustainedChecks);
  const last = latest.at(-1);
  return {
    // One check is enough: the leak rule has confirmed it within the check.
    ...(last?.leak === 'leak' ? { raised: { ...leakText(last), runIds: [last.id] } } : {}),
    isOver: () => latest.length === sustainedChecks && latest.every((check) => check.leak === 'no-leak'),
  };
}

function slowLeakFinding(checks: readonly CheckRecord[]): Finding {
  const host = checks.at(-1)?.hostInstance;
  const ofHost = checks.filter(
    (check) => host !== undefined && check.hostInstance === host && check.figures !== undefined,
  );
  const run = ofHost.at(-1);
  const channels = ['activeBytes', 'footprintBytes'] as const;
  const series = new Map(
    channels.map((channel) => [channel, ofHost.map(({ figures }) => figures?.[channel] ?? 0)]),
  );
  const isOver = (): boolean => [...series.values()].every(hasSettled);
  for (const [channel, values] of series) {
    const found = slowLeak(values, channelThresholds[channel]);
    if (found !== undefined && run !== undefined) {
      const [baseline = 0, observed = 0] = [values.at(-found.checks), values.at(-1)];
      const text = slowLeakText(channel, found, { from: baseline, to: observed, run });
      return { raised: { ...text, runIds: idsOf(ofHost.slice(-found.checks)), baseline, observed }, isOver };
    }
  }
  return { isOver };
}

function level(
  kind: LevelKind,
  checks: readonly CheckRecord[],
  rules: Rules,
  history: AlertHistory,
): Finding {
  const share = { active: rules.activeShare, peak: rules.peakShare, seconds: rules.secondsShare }[kind];
  const sustained = rules.sustainedChecks;
  const measured = checks.filter(({ figures }) => figures !== undefined);
  const readings = measured.map((check) => figureOf(kind, check));
  const raised = raisedLevel(readings, { share, sustained });
  const run = measured.at(-1);
  const isOver = (alert: Alert): boolean => {
    // The baseline as it was: what came since is what the alert is about.
    const [first] = alert.runIds;
    const earlier =
      run === undefined || first === undefined || run.trigger.kind !== 'schedule'
        ? []
        : history
            .checksOf(run.trigger.scheduleId, { limit: levelRule.mostEarlier, before: first })
            .filter((check) => check.figures !== undefined && isSameWork(check, run))
            .reverse();
    const baseline =
      baselineOf(
        earlier.map((check) => figureOf(kind, check)),
        share,
      ) ?? statedBaseline(alert, share);
    return baseline !== undefined && isBack(readings, baseline, sustained);
  };
  if (raised === undefined || run === undefined) {
    return { isOver };
  }
  const text = levelText(kind, raised, { sustained, baselineRun: measured.at(-sustained - 1)?.id, run });
  return {
    raised: {
      ...text,
      runIds: idsOf(measured.slice(-sustained)),
      baseline: kind === 'seconds' ? raised.baseline.level : Math.round(raised.baseline.level),
      observed: kind === 'seconds' ? raised.observed : Math.round(raised.observed),
    },
    isOver,
  };
}

/** For when the checks that it was drawn from are gone. */
const statedBaseline = ({ baseline }: Alert, share: number): ReturnType<typeof baselineOf> =>
  baseline === undefined
    ? undefined
    : baselineOf(
        Array.from({ length: levelRule.fewestEarlier }, () => baseline),
        share,
      );

function figureOf(kind: LevelKind, { figures }: CheckRecord): number {
  switch (kind) {
    case 'active':
      return figures?.activeBytes ?? 0;
    case 'peak':
      return figures?.peakBytes ?? 0;
    case 'seconds':
      return figures?.secondsPerIteration ?? 0;
  }
}
