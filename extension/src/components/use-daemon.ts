/** Asking from a component: what went wrong is a trouble, which has a screen of its own, better than a toast that disappears. */

import { usePromise } from '@raycast/utils';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import { withClient } from '../lib/connection.ts';
import type { WithClientOptions } from '../lib/connection.ts';
import { toTrouble } from '../lib/trouble.ts';
import type { Trouble } from '../lib/trouble.ts';

interface Answer<Data> {
  readonly data: Data | undefined;
  readonly trouble: Trouble | undefined;
  readonly isLoading: boolean;
  readonly revalidate: () => void;
}

export interface DaemonAnswer<Data> extends Answer<Data> {
  /** Shows `update` at once, does the work, and asks again; what was shown goes back where the work fails. Throws its error. */
  readonly mutate: (work: Promise<unknown>, update?: (data: Data) => Data) => Promise<void>;
}

/**
 * What the daemon answers, over one connection for each question, gone when the component is. `question` is asked again when one of
 * `dependencies` changes.
 */
export function useDaemon<Data extends object, const Dependencies extends readonly unknown[]>(
  question: (client: DaemonClient, ...dependencies: Dependencies) => Promise<Data>,
  dependencies: Dependencies,
  options: Omit<WithClientOptions, 'signal'> = {},
): DaemonAnswer<Data> {
  const abortable = useRef<AbortController>(null);
  const { data, error, isLoading, revalidate, mutate } = usePromise(
    async (...current: unknown[]) =>
      await withClient((client) => question(client, ...(current as unknown as Dependencies)), {
        ...options,
        signal: abortable.current?.signal,
      }),
    [...dependencies],
    { abortable, onError: () => undefined },
  );
  const change = useCallback(
    async (work: Promise<unknown>, update?: (data: Data) => Data): Promise<void> => {
      const optimistic = data === undefined || update === undefined ? undefined : update(data);
      await mutate(
        work,
        optimistic === undefined ? {} : { optimisticUpdate: () => optimistic as Awaited<Data> },
      );
    },
    [data, mutate],
  );
  return { data, trouble: useTrouble(error), isLoading, revalidate, mutate: change };
}

interface AnswerOptions {
  /** Whether it is asked at all. Default: true. */
  readonly execute?: boolean;
}

/** What some other work comes to, such as that of the `tidemark` command, which is ended when the component is gone. */
export function useAnswer<Data>(
  work: (signal: AbortSignal | undefined) => Promise<Data>,
  { execute = true }: AnswerOptions = {},
): Answer<Data> {
  const abortable = useRef<AbortController>(null);
  const { data, error, isLoading, revalidate } = usePromise(
    async () => await work(abortable.current?.signal),
    [],
    { abortable, execute, onError: () => undefined },
  );
  return { data, trouble: useTrouble(error), isLoading, revalidate };
}

export const useTrouble = (error: Error | undefined): Trouble | undefined =>
  useMemo(() => (error === undefined ? undefined : toTrouble(error)), [error]);

/** Does something again and again while a component is shown, and while there is a reason to. */
export function useInterval(act: () => void, milliseconds: number, isActive = true): void {
  useEffect(() => {
    if (!isActive) {
      return undefined;
    }
    const timer = setInterval(act, milliseconds);
    return () => clearInterval(timer);
  }, [act, milliseconds, isActive]);
}
