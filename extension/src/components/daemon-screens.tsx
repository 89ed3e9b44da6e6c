/** The daemon command's further screens: the doctor's findings, the steps of installing, the newest lines of the log. */

import { Action, ActionPanel, Color, Detail, Icon, Keyboard, List } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { existsSync } from 'node:fs';
import type { Check } from '../../../shared/src/protocol/doctor-document.ts';
import { examine, installDaemon, installPlan, planText } from '../lib/service.ts';
import { toTrouble } from '../lib/trouble.ts';
import { logFileOf, readLogTail } from '../lib/daemon-log.ts';
import { preferences } from '../lib/preferences.ts';
import { TroubleScreen } from './trouble-screen.tsx';

const looks: Readonly<Record<Check['status'], { word: string; icon: Icon; color: Color }>> = {
  ok: { word: 'OK', icon: Icon.CheckCircle, color: Color.Green },
  warn: { word: 'Look', icon: Icon.Warning, color: Color.Orange },
  fail: { word: 'Failed', icon: Icon.XMarkCircle, color: Color.Red },
};

export interface DoctorViewProps {
  /** Raycast names a command's own screen itself. */
  readonly isRoot?: boolean;
}

export function DoctorView({ isRoot = false }: DoctorViewProps): ReactNode {
  const { data, error, isLoading, revalidate } = usePromise(examine, [], { onError: () => undefined });
  const trouble = useMemo(() => (error === undefined ? undefined : toTrouble(error)), [error]);
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
        const remedy = check.remedy === undefined ? '' : `\n\n**What to do:** ${check.remedy}`;
        return (
          <List.Item
            key={check.id}
            id={check.id}
            title={check.title}
            icon={{ value: { source: icon, tintColor: color }, tooltip: word }}
            accessories={[{ tag: { value: word, color } }]}
            detail={<List.Item.Detail markdown={`### ${check.title}: ${word}\n\n${check.detail}${remedy}`} />}
            actions={
              <ActionPanel>
                <Action.CopyToClipboard
                  title="Copy Finding"
                  content={`${check.title}: ${word}. ${check.detail}`}
                />
                <Action
                  title="Examine Again"
                  icon={Icon.ArrowClockwise}
                  shortcut={Keyboard.Shortcut.Common.Refresh}
                  onAction={revalidate}
                />
              </ActionPanel>
            }
          />
        );
      })}
    </List>
  );
}

export function InstallPlanView({ onInstalled }: { readonly onInstalled: () => void }): ReactNode {
  const { data, error, isLoading, revalidate } = usePromise(installPlan, [], { onError: () => undefined });
  const trouble = useMemo(() => (error === undefined ? undefined : toTrouble(error)), [error]);
  if (trouble !== undefined) {
    return <TroubleScreen trouble={trouble} onRetry={revalidate} isLoading={isLoading} />;
  }
  return (
    <Detail
      isLoading={isLoading}
      navigationTitle="What Installing Does"
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

export interface LogViewProps {
  /** Raycast names a command's own screen itself. */
  readonly isRoot?: boolean;
}

export function LogView({ isRoot = false }: LogViewProps): ReactNode {
  const path = logFileOf(preferences().dataFolder);
  const { data, error, isLoading, revalidate } = usePromise(readLogTail, [path], {
    onError: () => undefined,
  });
  return (
    <Detail
      isLoading={isLoading}
      {...(isRoot ? {} : { navigationTitle: 'Daemon Logs' })}
      markdown={markdownOf(data, error)}
      actions={
        <ActionPanel>
          <Action
            title="Refresh"
            icon={Icon.ArrowClockwise}
            shortcut={Keyboard.Shortcut.Common.Refresh}
            onAction={revalidate}
          />
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

function markdownOf(lines: readonly string[] | undefined, error: Error | undefined): string {
  if (error !== undefined) {
    return `The log cannot be read: ${error.message}`;
  }
  if (lines === undefined) {
    return '';
  }
  return lines.length === 0
    ? 'There is no log yet: the daemon has not run with this data folder.'
    : `\`\`\`\n${lines.join('\n').replaceAll('```', "'''")}\n\`\`\``;
}
