/** The list of runs: its filters, one dropdown for verdict, state, kind, engine and model, and its sections, one for each day. */

import { differenceInCalendarDays } from 'date-fns/differenceInCalendarDays';
import { format } from 'date-fns/format';
import type { Parameters } from '@tidemark/client/protocol/daemon/methods';
import type { LeakSummary, RunRecord, RunState } from '@tidemark/client/protocol/daemon/run-record';
import { engines } from '@tidemark/client/protocol/workload';
import { engineNamed } from './engine-values.ts';
import { leakLooks, runMoment, stateLooks } from './run-words.ts';

export type ListParameters = Pick<Parameters<'listRuns'>, 'kind' | 'model' | 'state' | 'leak' | 'engine'>;

export interface FilterChoice {
  /** As the dropdown keeps it. */
  readonly value: string;
  readonly title: string;
  readonly section: (typeof filterSections)[number];
}

export const filterSections = ['Kind', 'Verdict', 'State', 'Engine', 'Model'] as const;

export const everything = 'all';

const verdicts: readonly LeakSummary[] = ['leak', 'no-leak', 'inconclusive'];
const states: readonly RunState[] = ['complete', 'interrupted', 'failed', 'cancelled'];

/** `models` are those that the daemon knows or that its runs name. */
export function filterChoices(models: readonly string[]): readonly FilterChoice[] {
  return [
    { value: 'kind:profile', title: 'Profiles', section: 'Kind' },
    { value: 'kind:study', title: 'Studies', section: 'Kind' },
    { value: 'kind:watch', title: 'Watched Programs', section: 'Kind' },
    ...verdicts.map((leak) => ({
      value: `leak:${leak}`,
      title: leakLooks[leak].word,
      section: 'Verdict' as const,
    })),
    ...states.map((state) => ({
      value: `state:${state}`,
      title: stateLooks[state].word,
      section: 'State' as const,
    })),
    ...engines.map((engine) => ({
      value: `engine:${engine}`,
      title: engine === 'tidemark' ? 'Tidemark' : engine,
      section: 'Engine' as const,
    })),
    ...[...new Set(models)].map((model) => ({
      value: `model:${model}`,
      title: model,
      section: 'Model' as const,
    })),
  ];
}

/** What a choice asks of the daemon; nothing for everything, and for what is no choice of today's. */
export function filterParameters(choice: string): ListParameters {
  const at = choice.indexOf(':');
  const [field, value] = [choice.slice(0, at), choice.slice(at + 1)];
  switch (field) {
    case 'kind':
      return value === 'profile' || value === 'study' || value === 'watch' ? { kind: value } : {};
    case 'leak':
      return { leak: value as LeakSummary };
    case 'state':
      return { state: value as RunState };
    case 'engine':
      return { engine: engineNamed(value) };
    case 'model':
      return { model: value };
    default:
      return {};
  }
}

export interface Day {
  readonly title: string;
  readonly runs: readonly RunRecord[];
}

/** In the order in which they come; runs that are open are `Now`. */
export function groupByDay(runs: readonly RunRecord[], now: Date): readonly Day[] {
  const days = Map.groupBy(runs, (run) =>
    run.state === 'queued' || run.state === 'running' ? 'Now' : dayOf(new Date(runMoment(run)), now),
  );
  return [...days].map(([title, ofDay]) => ({ title, runs: ofDay }));
}

function dayOf(date: Date, now: Date): string {
  const days = differenceInCalendarDays(now, date);
  switch (days) {
    case 0:
      return 'Today';
    case 1:
      return 'Yesterday';
    default:
      return format(date, days > 1 && days < 7 ? 'EEEE' : 'd MMMM yyyy');
  }
}
