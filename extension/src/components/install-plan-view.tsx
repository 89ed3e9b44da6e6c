/** What installing the service would do, step by step, before anything is done. */

import { Action, ActionPanel, Detail, Icon } from '@raycast/api';
import { usePromise } from '@raycast/utils';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { installDaemon } from '../lib/service-actions.ts';
import { installPlan, planText } from '../lib/service-facts.ts';
import { toTrouble } from '../lib/trouble.ts';
import { TroubleScreen } from './trouble-screen.tsx';

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
