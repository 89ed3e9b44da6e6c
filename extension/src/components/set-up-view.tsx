/** The steps of the set-up, for whoever has the extension and not yet what it talks to. */

import { Action, ActionPanel, Detail } from '@raycast/api';
import type { ReactNode } from 'react';
import { repositoryPage, setUpCommand, setUpText } from '../lib/set-up.ts';
import { PreferencesAction } from './actions.tsx';

export function SetUpView(): ReactNode {
  const page = repositoryPage();
  return (
    <Detail
      navigationTitle="Setup Steps"
      markdown={setUpText()}
      actions={
        <ActionPanel>
          <PreferencesAction />
          <Action.CopyToClipboard title="Copy Setup Command" content={setUpCommand()} />
          {page !== undefined && <Action.OpenInBrowser title="Open Repository" url={page} />}
        </ActionPanel>
      }
    />
  );
}
