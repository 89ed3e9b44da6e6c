/** An alert in a list and on a screen of its own: what was found, why, since when, what to do, and whether a person has seen it. */

import { Action, ActionPanel, Color, Detail, Icon, Keyboard, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '@tidemark/client/format/dates';
import type { Alert } from '@tidemark/client/protocol/daemon/schedule';
import { formatDuration, formatPercent } from '@tidemark/client/format/numbers';
import { blocks, plain } from '../lib/markdown.ts';
import { alertNames } from '../lib/run-words.ts';
import { amount } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { Labels } from './run-metadata.tsx';
import { LastRunAction } from './run-screens.tsx';

const alertLooks: Readonly<Record<Alert['state'], { word: string; icon: Icon; color: Color }>> = {
  open: { word: 'Open', icon: Icon.Bell, color: Color.Red },
  acknowledged: { word: 'Acknowledged', icon: Icon.Eye, color: Color.Orange },
  resolved: { word: 'Resolved', icon: Icon.CheckCircle, color: Color.Green },
};

interface AlertItemProps {
  readonly alert: Alert;
  readonly now: Date;
  /** One, or all open ones. */
  readonly onAcknowledge: (alert: Alert | undefined) => void;
  /** Actions that belong to no item. */
  readonly general: ReactNode;
}

export function AlertItem({ alert, onAcknowledge, general }: AlertItemProps): ReactNode {
  const { word, icon, color } = alertLooks[alert.state];
  const raisedAt = new Date(alert.raisedAt);
  return (
    <List.Item
      id={`alert-${alert.id}`}
      title={{ value: alertNames[alert.kind], tooltip: alert.reason }}
      subtitle={alert.scheduleName}
      icon={{ value: { source: icon, tintColor: color }, tooltip: word }}
      keywords={[alert.model, alert.scheduleName, word]}
      accessories={[
        { text: alert.model, tooltip: 'Model' },
        { tag: { value: word, color } },
        { date: raisedAt, tooltip: `Raised ${formatDateTime(raisedAt)}` },
      ]}
      actions={
        <ActionPanel>
          <ActionPanel.Section title={alertNames[alert.kind]}>
            <Action.Push title="Show Alert" icon={Icon.Sidebar} target={<AlertDetail alert={alert} />} />
            {alert.state === 'open' && (
              <Action title="Acknowledge" icon={Icon.Check} onAction={() => onAcknowledge(alert)} />
            )}
            <LastRunAction runId={alert.runIds.at(-1)} />
            {alert.state === 'open' && (
              <Action
                title="Acknowledge All"
                icon={Icon.CheckList}
                shortcut={{ modifiers: ['cmd', 'shift'], key: 'a' }}
                onAction={() => onAcknowledge(undefined)}
              />
            )}
            <Action.CopyToClipboard
              title="Copy Reason"
              shortcut={Keyboard.Shortcut.Common.Copy}
              content={`${alert.reason} ${alert.hint}`}
            />
          </ActionPanel.Section>
          {general}
        </ActionPanel>
      }
    />
  );
}

function AlertDetail({ alert }: { readonly alert: Alert }): ReactNode {
  const { unit } = preferences();
  const { kind, reason, hint, baseline, observed, runIds, model, scheduleName, state } = alert;
  const shown = (value: number): string =>
    kind === 'seconds' ? formatDuration(Math.max(0, value)) : amount(value, unit);
  return (
    <Detail
      navigationTitle={`Alert ${alert.id}`}
      markdown={blocks([`## ${alertNames[kind]}`, plain(reason), `**What to do:** ${plain(hint)}`])}
      metadata={
        <Detail.Metadata>
          <Labels
            of="detail"
            texts={{
              State: alertLooks[state].word,
              Schedule: scheduleName,
              Model: model,
              Baseline: baseline === undefined ? undefined : shown(baseline),
              Observed: observed === undefined ? undefined : shown(observed),
              'Above Baseline':
                baseline !== undefined && observed !== undefined && baseline > 0
                  ? formatPercent(observed / baseline - 1, { sign: true })
                  : undefined,
            }}
          />
          <Detail.Metadata.Separator />
          <Labels
            of="detail"
            texts={{
              Raised: formatDateTime(new Date(alert.raisedAt)),
              Acknowledged: alert.acknowledgedAt && formatDateTime(new Date(alert.acknowledgedAt)),
              Resolved: alert.resolvedAt && formatDateTime(new Date(alert.resolvedAt)),
              Runs: runIds.join(', '),
            }}
          />
        </Detail.Metadata>
      }
      actions={
        <ActionPanel>
          <LastRunAction runId={alert.runIds.at(-1)} />
          <Action.CopyToClipboard title="Copy Reason" content={`${reason} ${hint}`} />
        </ActionPanel>
      }
    />
  );
}
