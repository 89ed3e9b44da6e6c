/** The daemon command's further screens: the doctor's findings, the steps of installing, the newest lines of the log. */

import { Action, ActionPanel, Color, Detail, Icon, Keyboard, List } from '@raycast/api';
import { existsSync } from 'node:fs';
import type { ReactNode } from 'react';
import type { Check } from '@tidemark/client/protocol/command-documents';
import { blocks, plain } from '../lib/markdown.ts';
import { logFileOf, readLogTail } from '../lib/daemon-log.ts';
import { preferences } from '../lib/preferences.ts';
import { examine, installDaemon, installPlan, planText } from '../lib/service.ts';
import { RefreshAction } from './actions.tsx';
import { TroubleScreen } from './trouble-screen.tsx';
import { useAnswer } from './use-daemon.ts';

const looks: Readonly<Record<Check['status'], { word: string; icon: Icon; color: Color }>> = {
  ok: { word: 'OK', icon: Icon.CheckCircle, color: Color.Green },
  warn: { word: 'Warning', icon: Icon.Warning, color: Color.Orange },
  fail: { word: 'Failed', icon: Icon.XMarkCircle, color: Color.Red },
};

interface ScreenProps {
  /** Raycast itself names a screen with which a command opens. */
  readonly isRoot?: boolean;
}

/** Through the daemon, or by the `tidemark` command where it is not running. */
export function DoctorView({ isRoot = false }: ScreenProps): ReactNode {
  const { data, trouble, isLoading, revalidate } = useAnswer(examine);
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  return (
    <List
      isLoading={isLoading}
      {...(isRoot ? {} : { navigationTitle: 'Doctor' })}
      searchBarPlaceholder="Search checks…"
      isShowingDetail={data !== undefined}
    >
      {data?.checks.map((check) => {
        const { word, icon, color } = looks[check.status];
        const remedy = check.remedy === undefined ? '' : `**What to do:** ${plain(check.remedy)}`;
        return (
          <List.Item
            key={check.id}
            id={check.id}
            title={check.title}
            icon={{ value: { source: icon, tintColor: color }, tooltip: word }}
            accessories={[{ tag: { value: word, color } }]}
            detail={
              <List.Item.Detail
                markdown={blocks([`### ${check.title}: ${word}`, plain(check.detail), remedy])}
              />
            }
            actions={
              <ActionPanel>
                <Action.CopyToClipboard
                  title="Copy Finding"
                  content={`${check.title}: ${word}. ${check.detail}`}
                />
                <RefreshAction title="Check Again" onAction={revalidate} />
              </ActionPanel>
            }
          />
        );
      })}
    </List>
  );
}

export function InstallPlanView({ onInstalled }: { readonly onInstalled: () => void }): ReactNode {
  const { data, trouble, isLoading, revalidate } = useAnswer(installPlan);
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  return (
    <Detail
      isLoading={isLoading}
      navigationTitle="Installation Steps"
      markdown={data === undefined ? '' : planText(data)}
      actions={
        <ActionPanel>
          <Action
            title="Install Daemon"
            icon={Icon.Download}
            onAction={() => void installDaemon().then(onInstalled)}
          />
        </ActionPanel>
      }
    />
  );
}

export function LogView({ isRoot = false }: ScreenProps): ReactNode {
  const path = logFileOf(preferences().dataFolder);
  const { data, trouble, isLoading, revalidate } = useAnswer(() => readLogTail(path));
  return (
    <Detail
      isLoading={isLoading}
      {...(isRoot ? {} : { navigationTitle: 'Daemon Logs' })}
      markdown={
        trouble === undefined ? logMarkdown(data) : `The daemon's log cannot be read: ${trouble.message}`
      }
      actions={
        <ActionPanel>
          <RefreshAction onAction={revalidate} />
          {data !== undefined && data.length > 0 && (
            <Action.CopyToClipboard
              title="Copy Lines"
              shortcut={Keyboard.Shortcut.Common.Copy}
              content={data.join('\n')}
            />
          )}
          {existsSync(path) && <Action.ShowInFinder path={path} />}
          {existsSync(path) && <Action.Open title="Open in Editor" icon={Icon.Terminal} target={path} />}
        </ActionPanel>
      }
    />
  );
}

function logMarkdown(lines: readonly string[] | undefined): string {
  if (lines === undefined) {
    return '';
  }
  return lines.length === 0
    ? 'There is no log yet: the daemon has not run with this data folder.'
    : `\`\`\`\n${lines.join('\n').replaceAll('```', "'''")}\n\`\`\``;
}
