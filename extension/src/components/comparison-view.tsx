/** Two runs beside each other: what changed, by more than its noise or not. */

import { Action, ActionPanel, Detail, Icon } from '@raycast/api';
import type { ReactNode } from 'react';
import { comparisonMarkdown } from '../lib/comparison-markdown.ts';
import { widths } from '../lib/charts.ts';
import { preferences } from '../lib/preferences.ts';
import { TroubleScreen } from './trouble-screen.tsx';
import { useDaemon } from './use-daemon.ts';

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
