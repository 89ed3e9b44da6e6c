/** Runs: past measurements, newest first, with their charts; to compare, export and delete. */

import { Action, ActionPanel, Color, Icon, List } from '@raycast/api';
import type { LaunchProps } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { useState } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import { NoMatches, RunItem, useRunList } from './components/run-item.tsx';
import { TroubleEmptyView } from './components/trouble-screen.tsx';
import { useRuns, useSearch } from './components/use-runs.ts';
import { withClient } from './lib/connection.ts';
import { launchContextOf, openCommand } from './lib/deep-links.ts';
import { notifyFailure } from './lib/notify.ts';
import { everything, filterChoices, filterParameters, filterSections, groupByDay } from './lib/run-list.ts';
import { toTrouble } from './lib/trouble.ts';

export default function Command(props: LaunchProps | undefined): ReactNode {
  const { runId: wantedId } = launchContextOf('runs', props);
  const [filter, setFilter] = useState(everything);
  const { search, setSearch } = useSearch();
  const [deletedId, setDeletedId] = useState<number>();
  const { runs, isAnswered, isLoading, trouble, pagination, refresh, remove } = useRuns({
    ...filterParameters(filter),
    search,
  });
  const models = useKnownModels(runs);
  const linked = useLinkedRun(wantedId);
  const isWhole = filter === everything && search === undefined;
  const isListed = runs.some(({ id }) => id === wantedId);
  const listed = isListed || !isWhole || deletedId === wantedId ? undefined : linked.run;
  // Together with the run that is to be selected: once there is a list, the selection is the person's.
  const isReady = !linked.isPending;
  const now = new Date();
  const list = useRunList({
    onDelete: async (run) => {
      await remove(run);
      setDeletedId(run.id);
    },
    onRefresh: () => {
      refresh();
      linked.refresh();
    },
  });
  const all = listed === undefined ? runs : [listed, ...runs];
  const itemOf = list.itemsOf(all, now);
  const isWantedShown = all.some(({ id }) => id === wantedId);

  return (
    <List
      isLoading={isLoading || linked.isPending}
      isShowingDetail={list.isShowingDetail && all.length > 0 && trouble === undefined}
      // The daemon searches the whole history, of which Raycast has some pages only.
      filtering={false}
      throttle
      onSearchTextChange={setSearch}
      searchBarPlaceholder="Search all runs by model, engine, text, voice, verdict, or number…"
      onSelectionChange={list.setSelectedId}
      pagination={pagination}
      // Only at first: from then on the selection is the person's.
      {...(isWantedShown && list.selectedId === null ? { selectedItemId: String(wantedId) } : {})}
      searchBarAccessory={
        <List.Dropdown tooltip="Filter Runs" storeValue={wantedId === undefined} onChange={setFilter}>
          <List.Dropdown.Item title="All Runs" value={everything} icon={Icon.List} />
          {filterSections.map((section) => (
            <List.Dropdown.Section key={section} title={section}>
              {filterChoices(models)
                .filter((choice) => choice.section === section)
                .map(({ value, title }) => (
                  <List.Dropdown.Item key={value} title={title} value={value} />
                ))}
            </List.Dropdown.Section>
          ))}
        </List.Dropdown>
      }
    >
      {trouble !== undefined ? (
        <TroubleEmptyView trouble={trouble} onRetry={refresh} />
      ) : (
        isReady && isAnswered && <NoRuns isFiltered={filter !== everything} search={search} />
      )}
      {trouble === undefined && isReady && (
        <>
          {listed !== undefined && (
            <List.Section title="Linked Run">
              <RunItem {...itemOf(listed)} />
            </List.Section>
          )}
          {groupByDay(runs, now).map(({ title, runs: ofDay }) => (
            <List.Section key={title} title={title} subtitle={String(ofDay.length)}>
              {ofDay.map((run) => (
                <RunItem key={run.id} {...itemOf(run)} />
              ))}
            </List.Section>
          ))}
        </>
      )}
    </List>
  );
}

/** Of the runs seen so far, whatever the filter is now: a filter must not take its own choices away. */
function useKnownModels(runs: readonly RunRecord[]): readonly string[] {
  const [known, setKnown] = useState<readonly string[]>([]);
  const fresh = runs.flatMap(({ models }) => models).filter((model) => !known.includes(model));
  if (fresh.length > 0) {
    setKnown([...new Set([...known, ...fresh])].toSorted((a, b) => a.localeCompare(b)));
  }
  return known;
}

interface LinkedRun {
  readonly run: RunRecord | undefined;
  /** Whether it is not known yet if there is such a run. */
  readonly isPending: boolean;
  readonly refresh: () => void;
}

/** The run that a link names, wherever in the history it is. One that is not there any more is told in a toast. */
function useLinkedRun(id: number | undefined): LinkedRun {
  const { data, error, revalidate } = usePromise(
    async (runId: number | undefined) =>
      runId === undefined
        ? { record: undefined }
        : await withClient((client) => client.call('getRun', { runId, document: false, samples: 0 })),
    [id],
    {
      onError: (reason) => {
        // Anything else, the list itself tells.
        if (toTrouble(reason).kind === 'gone') {
          void notifyFailure(reason, `Could not open run ${id ?? ''}`);
        }
      },
    },
  );
  return {
    run: error === undefined ? data?.record : undefined,
    isPending: id !== undefined && data === undefined && error === undefined,
    refresh: revalidate,
  };
}

interface NoRunsProps {
  readonly isFiltered: boolean;
  readonly search: string | undefined;
}

function NoRuns({ isFiltered, search }: NoRunsProps): ReactNode {
  if (isFiltered || search !== undefined) {
    return <NoMatches what="Runs" isFiltered={isFiltered} search={search} />;
  }
  return (
    <List.EmptyView
      icon={{ source: Icon.LineChart, tintColor: Color.SecondaryText }}
      title="No Runs Yet"
      description="Profile a model to see its memory and charts here."
      actions={
        <ActionPanel>
          <Action
            title="Profile Memory"
            icon={Icon.Gauge}
            onAction={() => void openCommand('profile-memory', {})}
          />
          <Action
            title="Compare Models"
            icon={Icon.BarChart}
            onAction={() => void openCommand('compare-models', {})}
          />
        </ActionPanel>
      }
    />
  );
}
