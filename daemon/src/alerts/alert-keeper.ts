/** Raises and resolves alerts after each scheduled check: once, when it is sure, and not again until it is over. */

import { isLeakCheck } from '@tidemark/shared/analysis/leak-verdicts.ts';
import { mostChecks } from '@tidemark/shared/analysis/slow-leak.ts';
import { levelRule } from '@tidemark/shared/analysis/sustained-level.ts';
import type { Alert, AlertKind } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { RunRecord, Trigger } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { letGo } from '../background.ts';
import { LockedHistory } from '../history/history-errors.ts';
import type { History } from '../history/history.ts';
import type { CheckRecord } from '../history/run-queries.ts';
import type { Log } from '../logging/log.ts';
import { failureFinding, leakFinding, levelFinding, slowLeakFinding } from './alert-findings.ts';
import type { Finding } from './alert-findings.ts';
import type { Clock } from '../scheduler/machine.ts';

export interface AlertKeeperOptions {
  readonly history: History;
  /** Notifies the person; called where the settings allow it. */
  readonly notify: (alert: Alert) => Promise<void>;
  readonly clock: Clock;
  /** An alert was raised, acknowledged or resolved. */
  readonly onAlert: (alert: Alert) => void;
  readonly log: Log;
}

/** How soon a check is examined again, where another process had the history locked. */
const lockedMilliseconds = 2000;

/** A run that a schedule began. */
interface Check {
  readonly run: RunRecord;
  readonly schedule: Extract<Trigger, { kind: 'schedule' }>;
}

export class AlertKeeper {
  readonly #options: AlertKeeperOptions;

  constructor(options: AlertKeeperOptions) {
    this.#options = options;
  }

  /** Examines a run that has ended; runs of no schedule are ignored. Never throws. */
  afterCheck(run: RunRecord): void {
    try {
      if (run.trigger.kind === 'schedule') {
        this.#examine({ run, schedule: run.trigger });
      }
    } catch (error) {
      const { clock, log } = this.#options;
      if (error instanceof LockedHistory) {
        // What it has found and written by now, it finds again and leaves as it is.
        clock.setTimer(lockedMilliseconds, () => this.afterCheck(run));
        return;
      }
      log.error({ error, run: run.id }, 'A check could not be examined for alerts.');
    }
  }

  /** To be called when a schedule was removed: no check will resolve its alerts. */
  afterRemoval(scheduleId: number): void {
    for (const alert of this.#options.history.alerts.list({ scheduleId })) {
      this.#resolve(alert);
    }
  }

  /**
   * Acknowledges one alert, or without `id` all open ones, and returns them. One that is not open stays as it is. What was
   * acknowledged is not raised again until it is over, or much worse. One that cannot be read is removed. Throws 'not-found'.
   */
  acknowledge(id?: number): Alert[] {
    const { history, clock } = this.#options;
    if (id !== undefined && history.alerts.removeUnreadable(id)) {
      return [];
    }
    const wanted =
      id === undefined
        ? history.alerts.list().filter(({ state }) => state === 'open')
        : [history.alerts.get(id)];
    return wanted.map((alert) => {
      if (alert.state !== 'open') {
        return alert;
      }
      const acknowledgedAt = clock.now().toISOString();
      return this.#told(history.alerts.change(alert.id, { state: 'acknowledged', acknowledgedAt }));
    });
  }

  #examine(check: Check): void {
    const { run, schedule } = check;
    const { history } = this.#options;
    const rules = history.settings.get().alerts;
    const limit = Math.max(mostChecks, levelRule.mostEarlier + rules.sustainedChecks);
    const attempts = this.#same(
      run,
      history.runs.checksOf(schedule.scheduleId, { limit, before: run.id + 1, all: true }),
    );
    this.#settle(check, 'failure', failureFinding(attempts, rules));
    const checks = attempts.filter(isLeakCheck);
    if (checks.at(-1)?.id !== run.id) {
      return;
    }
    const before = (id: number): CheckRecord[] =>
      this.#same(
        run,
        history.runs.checksOf(schedule.scheduleId, { limit: levelRule.mostEarlier, before: id }),
      );
    this.#settle(check, 'leak', leakFinding(checks, rules));
    this.#settle(check, 'slow-leak', slowLeakFinding(checks));
    for (const kind of ['active', 'peak', 'seconds'] as const) {
      this.#settle(check, kind, levelFinding(kind, checks, rules, before));
    }
  }

  /** The checks that did the same work with the same model, oldest first: only their figures can be compared. */
  #same(run: RunRecord, checks: readonly CheckRecord[]): CheckRecord[] {
    return checks.filter((check) => isSameWork(check, run)).reverse();
  }

  /** Brings the history's alerts of a kind in line with what was found. */
  #settle({ run, schedule }: Check, kind: AlertKind, { raised, isOver, isWorse }: Finding): void {
    const { history } = this.#options;
    const known = history.alerts.list({ all: true, kind, scheduleId: schedule.scheduleId });
    const current = known.find(({ state }) => state !== 'resolved');
    if (
      current !== undefined &&
      (!this.#isAbout(current, run) || (raised === undefined && isOver(current)))
    ) {
      this.#resolve(current);
      return;
    }
    if (raised === undefined || known.some((alert) => this.#isCooling(alert, run))) {
      return;
    }
    if (current?.state === 'acknowledged' && isWorse?.(current) === true) {
      this.#resolve(current);
    } else if (current !== undefined) {
      return;
    }
    const { scheduleId, scheduleName } = schedule;
    const alert = history.alerts.add({
      kind,
      scheduleId,
      scheduleName,
      model: modelOf(run),
      state: 'open',
      raisedAt: this.#options.clock.now().toISOString(),
      ...raised,
    });
    letGo('showing a notification', this.#notify(this.#told(alert)));
  }

  /** Whether an alert is about the work of a run: where a schedule now has another model or text, no check will resolve it. */
  #isAbout(alert: Alert, run: RunRecord): boolean {
    const [last] = alert.runIds.slice(-1);
    const basis = last === undefined ? undefined : this.#options.history.runs.get(last);
    return alert.model === modelOf(run) && (basis === undefined || isSameWork(basis, run));
  }

  /** Counted from when it was raised or resolved. An alert dated in the future, as a wrong clock leaves it, blocks no other. */
  #isCooling(alert: Alert, run: RunRecord): boolean {
    const { history, clock } = this.#options;
    const since = clock.now().getTime() - Date.parse(alert.resolvedAt ?? alert.raisedAt);
    const cooldown = 1000 * history.settings.get().alerts.cooldownSeconds;
    return alert.model === modelOf(run) && since >= 0 && since < cooldown;
  }

  #resolve(alert: Alert): void {
    const resolvedAt = this.#options.clock.now().toISOString();
    this.#told(this.#options.history.alerts.change(alert.id, { state: 'resolved', resolvedAt }));
  }

  #told(alert: Alert): Alert {
    const { log, onAlert } = this.#options;
    log.info({ alert }, `An alert was ${alert.state === 'open' ? 'raised' : alert.state}.`);
    onAlert(alert);
    return alert;
  }

  /** The alert stands even if the notification fails, and nobody waits for it. */
  async #notify(alert: Alert): Promise<void> {
    const { history, notify, log } = this.#options;
    try {
      if (history.settings.get().notifications) {
        await notify(alert);
      }
    } catch (error) {
      log.warn({ error, alert: alert.id }, 'The notification for an alert could not be shown.');
    }
  }
}

const modelOf = ({ models }: RunRecord): string => models.join(', ');

function isSameWork(a: RunRecord, b: RunRecord): boolean {
  const work = ({ models, voice, text, workload, iterations, warmupIterations }: RunRecord): string =>
    JSON.stringify([models, voice, text, workload, iterations, warmupIterations]);
  return work(a) === work(b);
}
