/** A run's figures and circumstances, beside its chart. */

import { Detail, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '../../../shared/src/format/dates.ts';
import type { RunDetail } from '../../../shared/src/protocol/daemon/methods.ts';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { ProfileDocument } from '../../../shared/src/protocol/profile-document.ts';
import { amount, levelLooks, memoryLevel } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { durationOf, runLook, runMoment, samplesPhrase, triggerWord } from '../lib/run-words.ts';

export interface RunMetadataProps {
  readonly record: RunRecord;
  /** Once it is there. */
  readonly detail?: RunDetail | undefined;
  /** Whose metadata it is. */
  readonly of: 'list' | 'detail';
}

export function RunMetadata({ record, detail, of }: RunMetadataProps): ReactNode {
  const Metadata = of === 'list' ? List.Item.Detail.Metadata : Detail.Metadata;
  const { unit, thresholds } = preferences();
  const { figures } = record;
  const { word, icon, color } = runLook(record);
  const level = figures === undefined ? undefined : levelLooks[memoryLevel(figures.peakBytes, thresholds)];
  const document = detail?.document?.kind === 'profile' ? detail.document : undefined;
  return (
    <Metadata>
      <Metadata.TagList title="Verdict">
        <Metadata.TagList.Item text={word} icon={{ source: icon, tintColor: color }} color={color} />
      </Metadata.TagList>
      {figures !== undefined && level !== undefined && (
        <>
          <Metadata.Label title="Active" text={amount(figures.activeBytes, unit)} />
          <Metadata.Label
            title="Peak (Median)"
            text={`${amount(figures.peakBytes, unit)}, ${level.word}`}
            icon={{ source: level.icon, tintColor: level.color }}
          />
          <Metadata.Label title="Peak (Highest)" text={amount(figures.maximumPeakBytes, unit)} />
          <Metadata.Label title="Cache" text={amount(figures.cacheBytes, unit)} />
          <Metadata.Label title="Footprint" text={amount(figures.footprintBytes, unit)} />
          <Metadata.Label title="Time per Iteration" text={durationOf(figures.secondsPerIteration)} />
        </>
      )}
      {document?.summary?.realTimeFactor !== undefined && (
        <Metadata.Label title="Real-Time Factor" text={document.summary.realTimeFactor.toFixed(2)} />
      )}
      <Metadata.Separator />
      <Metadata.Label title="Run" text={String(record.id)} />
      <Metadata.Label title={record.kind === 'study' ? 'Models' : 'Model'} text={record.models.join(', ')} />
      <Metadata.Label title="Voice" text={record.voice} />
      <Metadata.Label title="Iterations" text={samplesPhrase(record)} />
      <Metadata.Label title="Asked For By" text={triggerWord(record)} />
      <Metadata.Label title="When" text={formatDateTime(new Date(runMoment(record)))} />
      {record.seconds !== undefined && <Metadata.Label title="Took" text={durationOf(record.seconds)} />}
      {document !== undefined && of === 'detail' && <Origin document={document} of={of} />}
    </Metadata>
  );
}

function Origin({ document, of }: { document: ProfileDocument; of: 'list' | 'detail' }): ReactNode {
  const Metadata = of === 'list' ? List.Item.Detail.Metadata : Detail.Metadata;
  const { model, device, versions } = document;
  return (
    <>
      <Metadata.Separator />
      <Metadata.Label title="Weights" text={model.source.description} />
      <Metadata.Label title="SHA-256" text={`${model.source.sha256.slice(0, 16)}…`} />
      <Metadata.Label title="Device" text={`${device.name} (${device.type.toUpperCase()})`} />
      <Metadata.Label title="MLX" text={versions.mlx} />
      <Metadata.Label title="Tidemark" text={versions.tidemark} />
    </>
  );
}
