/** Asking the daemon from a component: one connection for each question, gone when the component is. */

import { usePromise } from '@raycast/utils';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { DaemonClient } from '../../../shared/src/client/daemon-client.ts';
import { withClient } from '../lib/connection.ts';
import type { WithClientOptions } from '../lib/connection.ts';
import { toTrouble } from '../lib/trouble.ts';
import type { Trouble } from '../lib/trouble.ts';

export interface DaemonAnswer<Answer> {
  readonly data: Answer | undefined;
  readonly trouble: Trouble | undefined;
  readonly isLoading: boolean;
  readonly revalidate: () => void;
  /** Shows `update` at once, does the work, and asks again; what was shown goes back where the work fails. Throws its error. */
  readonly mutate: (work: Promise<unknown>, update?: (data: Answer) => Answer) => Promise<void>;
}

export interface UseDaemonOptions extends Omit<WithClientOptions, 'signal'> {
  /** Whether it is asked at all; default: true. */
  readonly execute?: boolean;
}

/** `question` is asked again when one of `dependencies` changes. */
export function useDaemon<Answer extends object, const Dependencies extends readonly unknown[]>(
  question: (client: DaemonClient, ...dependencies: Dependencies) => Promise<Answer>,
  dependencies: Dependencies,
  { execute = true, ...options }: UseDaemonOptions = {},
): DaemonAnswer<Answer> {
  const abortable = useRef<AbortController>(null);
  const { data, error, isLoading, revalidate, mutate } = usePromise(
    async (...current: unknown[]) =>
      await withClient((client) => question(client, ...(current as unknown as Dependencies)), {
        ...options,
        signal: abortable.current?.signal,
      }),
    [...dependencies],
    // A screen of its own says what went wrong, better than a toast that goes by.
    { abortable, execute, onError: () => undefined },
  );
  const trouble = useMemo(() => (error === undefined ? undefined : toTrouble(error)), [error]);
  const change = useCallback(
    async (work: Promise<unknown>, update?: (data: Answer) => Answer): Promise<void> => {
      const optimistic = data === undefined || update === undefined ? undefined : update(data);
      await mutate(
        work,
        optimistic === undefined ? {} : { optimisticUpdate: () => optimistic as Awaited<Answer> },
      );
    },
    [data, mutate],
  );
  return { data, trouble, isLoading, revalidate, mutate: change };
}

export function useInterval(act: () => void, milliseconds: number, isActive = true): void {
  useEffect(() => {
    if (!isActive) {
      return undefined;
    }
    const timer = setInterval(act, milliseconds);
    return () => clearInterval(timer);
  }, [act, milliseconds, isActive]);
}
