/** The filters of the list of runs: one dropdown for verdict, state, kind and model, as the daemon takes them. */

import type { Parameters } from '../../../shared/src/protocol/daemon/methods.ts';
import type { LeakSummary, RunState } from '../../../shared/src/protocol/daemon/run-record.ts';
import { leakLooks, stateLooks } from './run-words.ts';

export type ListParameters = Pick<Parameters<'listRuns'>, 'kind' | 'model' | 'state' | 'leak'>;

export interface FilterChoice {
  /** As the dropdown keeps it. */
  readonly value: string;
  readonly title: string;
  readonly section: 'Kind' | 'Verdict' | 'State' | 'Model';
}

export const everything = 'all';

const verdicts: readonly LeakSummary[] = ['leak', 'no-leak', 'inconclusive'];
const states: readonly RunState[] = ['complete', 'interrupted', 'failed', 'cancelled'];

/** `models` are those that the daemon knows or that its runs name. */
export function filterChoices(models: readonly string[]): readonly FilterChoice[] {
  return [
    { value: 'kind:profile', title: 'Profiles', section: 'Kind' },
    { value: 'kind:study', title: 'Studies', section: 'Kind' },
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
      return value === 'profile' || value === 'study' ? { kind: value } : {};
    case 'leak':
      return { leak: value as LeakSummary };
    case 'state':
      return { state: value as RunState };
    case 'model':
      return { model: value };
    default:
      return {};
  }
}
