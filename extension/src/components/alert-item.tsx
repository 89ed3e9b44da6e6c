/** One alert in a list: what was found, since when, and whether a person has seen it. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '../../../shared/src/format/dates.ts';
import type { Alert } from '../../../shared/src/protocol/daemon/alert.ts';
import { alertNames } from '../lib/run-words.ts';
import { AlertDetail } from './alert-detail.tsx';
import { RunDetailView } from './run-detail-view.tsx';

export const alertLooks: Readonly<Record<Alert['state'], { word: string; icon: Icon; color: Color }>> = {
  open: { word: 'Open', icon: Icon.Bell, color: Color.Red },
  acknowledged: { word: 'Acknowledged', icon: Icon.Eye, color: Color.Orange },
  resolved: { word: 'Resolved', icon: Icon.CheckCircle, color: Color.Green },
};

export interface AlertItemProps {
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
  const lastRunId = alert.runIds.at(-1);
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
              <Action
                title="Acknowledge"
                icon={Icon.Check}
                shortcut={{ modifiers: ['cmd'], key: 'return' }}
                onAction={() => onAcknowledge(alert)}
              />
            )}
            {lastRunId !== undefined && (
              <Action.Push
                title="Show Last Run"
                icon={Icon.LineChart}
                shortcut={Keyboard.Shortcut.Common.Open}
                target={<RunDetailView runId={lastRunId} />}
              />
            )}
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
