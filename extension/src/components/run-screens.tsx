/** One run, or two runs against each other, on a screen of their own. */

import { Action, ActionPanel, Detail, Icon, Keyboard } from '@raycast/api';
import type { ReactNode } from 'react';
import { widths } from '../lib/charts.ts';
import { preferences } from '../lib/preferences.ts';
import { comparisonMarkdown, runMarkdown } from '../lib/run-markdown.ts';
import { RunActions } from './run-actions.tsx';
import { RunMetadata } from './run-metadata.tsx';
import { TroubleScreen } from './trouble-screen.tsx';
import { useDaemon } from './use-daemon.ts';

/** Points of a chart at most. */
const samplesForChart = 2000;

export interface RunDetailViewProps {
  readonly runId: number;
  /** Raycast names a command's own screen itself. */
  readonly isRoot?: boolean;
}

export function RunDetailView({ runId, isRoot = false }: RunDetailViewProps): ReactNode {
  const { data, trouble, isLoading, revalidate } = useDaemon(
    (client, id) => client.call('getRun', { runId: id, samples: samplesForChart }),
    [runId],
    { timeoutMilliseconds: 10_000 },
  );
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  const { unit } = preferences();
  return (
    <Detail
      isLoading={isLoading}
      {...(isRoot ? {} : { navigationTitle: `Run ${runId}` })}
      markdown={data === undefined ? '' : runMarkdown(data, { width: widths.detail, unit, isBrief: false })}
      metadata={data === undefined ? null : <RunMetadata record={data.record} detail={data} of="detail" />}
      actions={
        <ActionPanel>
          {data === undefined ? (
            <Action
              title="Refresh"
              icon={Icon.ArrowClockwise}
              shortcut={Keyboard.Shortcut.Common.Refresh}
              onAction={revalidate}
            />
          ) : (
            <RunActions run={data.record} onRefresh={revalidate} />
          )}
        </ActionPanel>
      }
    />
  );
}

export interface ComparisonViewProps {
  readonly baselineId: number;
  readonly runId: number;
}

export function ComparisonView({ baselineId, runId }: ComparisonViewProps): ReactNode {
  const { data, trouble, isLoading, revalidate } = useDaemon(
    (client, before, after) => client.call('compareRuns', { baselineId: before, runId: after }),
    [baselineId, runId],
    { timeoutMilliseconds: 10_000 },
  );
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  const { unit } = preferences();
  return (
    <Detail
      isLoading={isLoading}
      navigationTitle={`Run ${runId} against ${baselineId}`}
      markdown={data === undefined ? '' : comparisonMarkdown(data, { width: widths.detail, unit })}
      actions={
        <ActionPanel>
          {data !== undefined && (
            <>
              <Action.CopyToClipboard title="Copy Sentence" content={data.sentence} />
              <Action.CopyToClipboard
                title="Copy as JSON"
                icon={Icon.Code}
                content={JSON.stringify(data, undefined, 2)}
              />
            </>
          )}
        </ActionPanel>
      }
    />
  );
}
