/** One run, or two runs against each other, on a screen of their own. */

import { Action, ActionPanel, Detail, Icon, Keyboard } from '@raycast/api';
import type { ReactNode } from 'react';
import { widths } from '../lib/charts.ts';
import { preferences } from '../lib/preferences.ts';
import { comparisonMarkdown, runMarkdown } from '../lib/run-markdown.ts';
import { shownRun } from '../lib/shown-run.ts';
import { RefreshAction } from './actions.tsx';
import { RunActions } from './run-actions.tsx';
import { RunMetadata } from './run-metadata.tsx';
import { TroubleScreen } from './trouble-screen.tsx';
import { useDaemon } from './use-daemon.ts';

/** The maximum number of a chart's points. */
const samplesForChart = 2000;

/** The maximum number of columns of a trace's picture: more than its width has pixels would not be seen. */
const columnsForTrace = widths.detail;

interface RunDetailViewProps {
  readonly runId: number;
  /** Raycast itself names a screen with which a command opens. */
  readonly isRoot?: boolean;
}

export function RunDetailView({ runId, isRoot = false }: RunDetailViewProps): ReactNode {
  const { data, trouble, isLoading, revalidate } = useDaemon(
    (client, id) => shownRun(client, { runId: id, samples: samplesForChart, traceColumns: columnsForTrace }),
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
            <RefreshAction onAction={revalidate} />
          ) : (
            <RunActions run={data.record} onRefresh={revalidate} />
          )}
        </ActionPanel>
      }
    />
  );
}

interface ComparisonViewProps {
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
      navigationTitle={`Run ${runId} vs. Run ${baselineId}`}
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

/** Of what several runs led to: an alert, a schedule. Nothing where there was none. */
export const LastRunAction = ({ runId }: { readonly runId: number | undefined }): ReactNode =>
  runId !== undefined && (
    <Action.Push
      title="Show Last Run"
      icon={Icon.LineChart}
      shortcut={Keyboard.Shortcut.Common.Open}
      target={<RunDetailView runId={runId} />}
    />
  );
