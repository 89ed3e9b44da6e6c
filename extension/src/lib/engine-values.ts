/** The engine of a form, and the Python that a person names for it. */

import { TidemarkError } from '@tidemark/client/errors';
import type { ScheduleSettings } from '@tidemark/client/protocol/daemon/schedule';
import { engines } from '@tidemark/client/protocol/workload';
import type { EngineName } from '@tidemark/client/protocol/workload';
import { lookUpTimeoutMilliseconds, withClient } from './connection.ts';
import { expandHome } from './preferences.ts';

export interface EngineValues {
  engine: string;
  /** Empty for the environment that Tidemark makes. */
  python: string;
}

type Engine = Pick<ScheduleSettings, 'engine' | 'python'>;

/** Of a schedule or of preferences, for a form. */
export const engineValues = ({ engine = 'tidemark', python = '' }: Engine): EngineValues => ({
  engine,
  python,
});

export const engineNamed = (name: string | undefined): EngineName | undefined =>
  engines.find((each) => each === name);

/** Of a study: the same with each engine, side by side. */
export const everyEngine = 'all';

/** Whether a Python runs it, or a part of it. */
export const isForeign = ({ engine }: Pick<EngineValues, 'engine'>): boolean =>
  engine === everyEngine || engineNamed(engine) === 'mlx-audio';

/** What a request says of the engine: nothing where it is Tidemark's own. A field that is not shown has no value. */
export function engineOfForm({ engine = '', python: typed = '' }: Partial<EngineValues>): Engine {
  const python = typed.trim();
  return isForeign({ engine })
    ? {
        engine: 'mlx-audio',
        ...(python === '' ? {} : { python: python.startsWith('~') ? expandHome(python) : python }),
      }
    : {};
}

/** As {@link engineOfForm}, of a study. */
export function enginesOfForm(values: Partial<EngineValues>): Engine & { engines?: EngineName[] } {
  const { engine, ...python } = engineOfForm(values);
  return values.engine === everyEngine
    ? { engines: [...engines], ...python }
    : { ...(engine === undefined ? {} : { engine }), ...python };
}

/**
 * What a person is told at the field where the engine cannot be had, in the daemon's words. What else may go wrong in asking, the
 * run tells.
 */
export async function engineMistake(
  values: EngineValues,
): Promise<{ readonly field: 'engine' | 'python'; readonly message: string } | undefined> {
  const { engine, python } = engineOfForm(values);
  if (engine === undefined) {
    return undefined;
  }
  if (python !== undefined && !python.startsWith('/')) {
    return { field: 'python', message: 'Enter the absolute path to a Python' };
  }
  try {
    await withClient((client) => client.call('checkEngine', { engine, python }), {
      timeoutMilliseconds: lookUpTimeoutMilliseconds,
    });
    return undefined;
  } catch (error) {
    return error instanceof TidemarkError && error.code === 'python'
      ? {
          field: python === undefined ? 'engine' : 'python',
          message: [error.message, error.hint].filter((part) => part !== undefined).join(' '),
        }
      : undefined;
  }
}
