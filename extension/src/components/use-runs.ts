/** Runs as a list shows them: page by page, searched by the daemon, and asked for again without losing what was there. */

import type { List } from '@raycast/api';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { OtherVersionError } from '@tidemark/client/client/daemon-error';
import type { DaemonClient } from '@tidemark/client/client/daemon-client';
import { TidemarkError } from '@tidemark/client/errors';
import { longestSearch } from '@tidemark/client/protocol/daemon/methods';
import type { Parameters } from '@tidemark/client/protocol/daemon/methods';
import { isOpen } from '@tidemark/client/protocol/daemon/run-record';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { withClient } from '../lib/connection.ts';
import type { Trouble } from '../lib/trouble.ts';
import { useInterval, useTrouble } from './use-daemon.ts';

/** What the list is of; a change of it begins a new list. */
export type RunsQuestion = Omit<Parameters<'listRuns'>, 'limit' | 'before'>;

const pageSize = 50;

/** The most that the daemon answers at once. */
const largestPage = 500;

/** How often runs that are queued or running are asked for again. */
const whileOpenMilliseconds = 3000;

interface Loaded {
  /** The question that these runs answer. */
  readonly key: string;
  readonly runs: readonly RunRecord[];
  readonly hasMore: boolean;
}

interface Runs {
  /** Newest first; those of the question before, until there is an answer to this one. */
  readonly runs: readonly RunRecord[];
  /** Whether they answer the question as it is now. */
  readonly isAnswered: boolean;
  readonly isLoading: boolean;
  readonly trouble: Trouble | undefined;
  readonly pagination: NonNullable<List.Props['pagination']>;
  readonly refresh: () => void;
  /** Hides the run at once; it comes back where it cannot be deleted. Throws what the daemon answers. */
  readonly remove: (run: RunRecord) => Promise<void>;
}

export function useRuns(question: RunsQuestion): Runs {
  const key = JSON.stringify(question);
  const [loaded, setLoaded] = useState<Loaded>();
  const [error, setError] = useState<Error>();
  const [waiting, setWaiting] = useState(0);
  const [hidden, setHidden] = useState<readonly number[]>([]);
  /** Of the question as it is now: what was loaded, and what is done with it, one thing after the other. */
  const current = useRef({ loaded, leaving: new AbortController(), last: Promise.resolve() });

  const enqueue = useCallback(
    (next: (client: DaemonClient, before: Loaded | undefined) => Promise<Omit<Loaded, 'key'>>): void => {
      const mine = current.current;
      const { signal } = mine.leaving;
      setWaiting((count) => count + 1);
      mine.last = mine.last
        .then(async () => {
          signal.throwIfAborted();
          const answer = await withClient((client) => next(client, mine.loaded), { signal });
          signal.throwIfAborted();
          mine.loaded = { ...answer, key };
          setLoaded(mine.loaded);
          setError(undefined);
        })
        .catch((reason: unknown) => {
          // Whoever asks something else, or has gone away, is not told what came of this.
          if (!signal.aborted) {
            setError(reason instanceof Error ? reason : new Error(String(reason)));
          }
        })
        .finally(() => setWaiting((count) => count - 1));
    },
    [key],
  );

  const begin = useCallback(
    () => enqueue((client) => pageOf(client, JSON.parse(key) as RunsQuestion, { limit: pageSize })),
    [enqueue, key],
  );
  useEffect(() => {
    const leaving = new AbortController();
    current.current = { loaded: undefined, leaving, last: Promise.resolve() };
    begin();
    return () => leaving.abort();
  }, [begin]);

  const loadMore = useCallback(
    () =>
      enqueue(async (client, before) => {
        const { runs, hasMore } = await pageOf(client, JSON.parse(key) as RunsQuestion, {
          limit: pageSize,
          before: before?.runs.at(-1)?.id,
        });
        return { runs: [...(before?.runs ?? []), ...runs], hasMore };
      }),
    [enqueue, key],
  );
  const askAgain = useCallback(
    (which: (run: RunRecord) => boolean) =>
      enqueue((client, before) => again(client, JSON.parse(key) as RunsQuestion, before, which)),
    [enqueue, key],
  );
  const refresh = useCallback(() => askAgain(() => true), [askAgain]);
  const refreshOpen = useCallback(() => askAgain(({ state }) => isOpen(state)), [askAgain]);

  const runs = useMemo(() => (loaded?.runs ?? []).filter(({ id }) => !hidden.includes(id)), [loaded, hidden]);
  const isLoading = waiting > 0;
  // Not while an answer is waited for.
  useInterval(refreshOpen, whileOpenMilliseconds, !isLoading && runs.some(({ state }) => isOpen(state)));

  const remove = async ({ id }: RunRecord): Promise<void> => {
    setHidden((before) => [...before, id]);
    try {
      await withClient((client) => client.call('deleteRun', { runId: id }));
      const rest = (of: Loaded | undefined): Loaded | undefined =>
        of && { ...of, runs: of.runs.filter((run) => run.id !== id) };
      current.current.loaded = rest(current.current.loaded);
      setLoaded(rest);
    } finally {
      setHidden((before) => before.filter((each) => each !== id));
      refresh();
    }
  };

  return {
    runs,
    isAnswered: loaded?.key === key,
    isLoading,
    trouble: useTrouble(error),
    pagination: { pageSize, hasMore: loaded?.key === key && loaded.hasMore, onLoadMore: loadMore },
    refresh,
    remove,
  };
}

async function pageOf(
  client: DaemonClient,
  question: RunsQuestion,
  page: { readonly limit: number; readonly before?: number | undefined },
): Promise<Omit<Loaded, 'key'>> {
  try {
    const { runs, hasMore } = await client.call('listRuns', { ...question, ...page });
    // A daemon that does not say so fills every page but the last.
    return { runs, hasMore: hasMore ?? runs.length === page.limit };
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'bad-request' && question.search !== undefined) {
      throw new OtherVersionError(
        `The running daemon (${client.daemon.daemonVersion}) is older than this extension, and cannot search its history.`,
        { daemonIsOlder: true },
      );
    }
    throw error;
  }
}

/** What was loaded of a run, where it is as it was: its item stays as it is, and its details are not asked for again. */
function unchanged(run: RunRecord, before: Loaded | undefined): RunRecord | undefined {
  const old = before?.runs.find(({ id }) => id === run.id);
  return old !== undefined && JSON.stringify(old) === JSON.stringify(run) ? old : undefined;
}

/** From the newest down to the last loaded run that `which` is about; what is older stays as it was. */
async function again(
  client: DaemonClient,
  question: RunsQuestion,
  before: Loaded | undefined,
  which: (run: RunRecord) => boolean,
): Promise<Omit<Loaded, 'key'>> {
  const old = before?.runs ?? [];
  const last = old.findLast(which)?.id ?? Infinity;
  const fresh: RunRecord[] = [];
  for (;;) {
    const end = fresh.at(-1)?.id;
    const left = old.filter(({ id }) => id >= last && id < (end ?? Infinity)).length;
    const limit = Math.min(largestPage, end === undefined ? Math.max(pageSize, left) : left);
    const page = await pageOf(client, question, { limit, before: end });
    fresh.push(...page.runs.map((run) => unchanged(run, before) ?? run));
    const lowest = fresh.at(-1)?.id ?? 0;
    if (!page.hasMore || lowest <= last) {
      const runs = page.hasMore ? [...fresh, ...old.filter(({ id }) => id < lowest)] : fresh;
      const isToSameEnd = runs.at(-1)?.id === old.at(-1)?.id;
      return { runs, hasMore: page.hasMore && (!isToSameEnd || before?.hasMore === true) };
    }
  }
}

/** What is typed into a list's search bar, as the daemon is asked for it: nothing where there is no word. */
export function useSearch(): {
  readonly search: string | undefined;
  readonly setSearch: (typed: string) => void;
} {
  const [search, setSearch] = useState<string>();
  return {
    search,
    setSearch: useCallback((typed: string) => {
      const words = typed.replaceAll(/\s+/gu, ' ').trim().slice(0, longestSearch).trim();
      setSearch(words === '' ? undefined : words);
    }, []),
  };
}
