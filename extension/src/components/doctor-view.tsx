/** What the doctor says: through the daemon, or by its command where none runs. */

import { Action, ActionPanel, Color, Icon, Keyboard, List } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import type { Check } from '../../../shared/src/protocol/doctor-document.ts';
import { examine } from '../lib/doctor.ts';
import { toTrouble } from '../lib/trouble.ts';
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
