/** Where the daemon is, which version it has and what it weighs. */

import { List } from '@raycast/api';
import type { ReactNode } from 'react';
import type { ServiceDocument } from '../../../shared/src/protocol/service-document.ts';
import { version } from '../../package.json';
import { hostWord, stateWord } from '../lib/daemon-state.ts';
import type { DaemonState } from '../lib/daemon-state.ts';
import { amount } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { serviceWords } from '../lib/service-facts.ts';
import { durationOf } from '../lib/run-words.ts';

export interface DaemonMetadataProps {
  readonly state: DaemonState;
  readonly service: ServiceDocument | undefined;
}

export function DaemonMetadata({ state, service }: DaemonMetadataProps): ReactNode {
  const { unit, dataFolder } = preferences();
  const { status, surroundings } = state;
  const { Label, Separator } = List.Item.Detail.Metadata;
  return (
    <List.Item.Detail.Metadata>
      <Label title="Daemon" text={stateWord(state)} />
      <Label
        title="Service"
        text={
          service === undefined
            ? surroundings.isServiceInstalled
              ? 'Installed'
              : 'Not Installed'
            : serviceWords[service.state]
        }
      />
      <Label title="Command" text={surroundings.tidemarkPath ?? 'Not Found'} />
      {status !== undefined && (
        <>
          <Label title="Process" text={String(status.daemon.pid)} />
          <Label title="Version" text={`${status.daemon.version} (this extension: ${version})`} />
          <Label title="Up For" text={durationOf(status.daemon.uptimeSeconds)} />
          <Label title="Its Own Memory" text={amount(status.daemon.residentBytes, unit)} />
          <Separator />
          <Label title="Model Host" text={hostWord(status)} />
          <Label title="Model" text={status.host.model ?? 'None Loaded'} />
          {status.host.memory !== undefined && (
            <Label title="Active" text={amount(status.host.memory.activeBytes, unit)} />
          )}
          {status.host.memory !== undefined && (
            <Label title="Footprint" text={amount(status.host.memory.footprintBytes, unit)} />
          )}
          <Label title="Crashes" text={String(status.host.deaths)} />
          <Separator />
        </>
      )}
      <Label title="Data" text={status?.daemon.dataFolder ?? dataFolder} />
      {status !== undefined && <Label title="Socket" text={status.daemon.socketPath} />}
    </List.Item.Detail.Metadata>
  );
}
