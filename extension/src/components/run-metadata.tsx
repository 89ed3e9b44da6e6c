/** A run's figures and circumstances, beside its chart. */

import { Detail, List } from '@raycast/api';
import type { ReactNode } from 'react';
import { formatDateTime } from '@tidemark/client/format/dates';
import { spokenTextWords } from '@tidemark/client/format/workload';
import { formatDuration } from '@tidemark/client/format/numbers';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';
import type { RunRecord } from '@tidemark/client/protocol/daemon/run-record';
import type { ProfileDocument } from '@tidemark/client/protocol/profile-document';
import type { WatchDocument } from '@tidemark/client/protocol/watch-document';
import { amount, levelLooks, memoryLevel } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { engineOf, runLook, runMoment, samplesPhrase, triggerWord } from '../lib/run-words.ts';

/** Whose metadata it is. */
type Owner = 'list' | 'detail';

interface RunMetadataProps {
  readonly record: RunRecord;
  /** Once it is there. */
  readonly detail?: RunDetail | undefined;
  readonly of: Owner;
}

export function RunMetadata({ record, detail, of }: RunMetadataProps): ReactNode {
  const Metadata = metadataOf(of);
  const { unit, thresholds } = preferences();
  const { figures } = record;
  const { word, icon, color } = runLook(record);
  const level = figures === undefined ? undefined : levelLooks[memoryLevel(figures.peakBytes, thresholds)];
  const document = detail?.document?.kind === 'profile' ? detail.document : undefined;
  const origin = of === 'detail' ? detail?.document : undefined;
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
        </>
      )}
      <Labels
        of={of}
        texts={{
          'Peak (Highest)': figures && amount(figures.maximumPeakBytes, unit),
          Cache: figures && amount(figures.cacheBytes, unit),
          Footprint: figures && amount(figures.footprintBytes, unit),
          'Time per Iteration': figures && formatDuration(figures.secondsPerIteration),
          'Real-Time Factor': document?.summary?.realTimeFactor?.toFixed(2),
        }}
      />
      <Metadata.Separator />
      <Labels
        of={of}
        texts={{
          Run: String(record.id),
          [subjectTitles[record.kind]]: record.models.join(', '),
          Engine: engineOf(record),
          ...(record.kind === 'watch' ? { Command: record.text } : { Text: spokenTextWords(record, 200) }),
          Voice: record.voice,
          Iterations: samplesPhrase(record),
          'Started By': triggerWord(record),
          Date: formatDateTime(new Date(runMoment(record))),
          Duration: record.seconds === undefined ? undefined : formatDuration(record.seconds),
        }}
      />
      {origin !== undefined && origin.kind !== 'study' && (
        <>
          <Metadata.Separator />
          <Labels of={of} texts={originTexts(origin)} />
        </>
      )}
    </Metadata>
  );
}

const subjectTitles = { profile: 'Model', study: 'Models', watch: 'Program' } as const;

/** With what it was measured. */
function originTexts(document: ProfileDocument | WatchDocument): Record<string, string> {
  const { device, versions } = document;
  const on = { Device: `${device.name} (${device.type.toUpperCase()})`, MLX: versions.mlx };
  return document.kind === 'profile'
    ? {
        Weights: document.model.source.description,
        'SHA-256': `${document.model.source.sha256.slice(0, 16)}…`,
        ...on,
        ...(document.settings.engine === undefined
          ? {}
          : { 'mlx-audio': document.versions.packages?.['mlx-audio'] ?? 'unknown' }),
        Tidemark: versions.tidemark,
      }
    : { ...on, ...document.versions.packages, Python: document.versions.python, Tidemark: versions.tidemark };
}

const metadataOf = (of: Owner): typeof Detail.Metadata =>
  of === 'list' ? List.Item.Detail.Metadata : Detail.Metadata;

interface LabelsProps {
  readonly of: Owner;
  /** By their titles; what is absent is left out. */
  readonly texts: Readonly<Record<string, string | undefined>>;
}

export function Labels({ of, texts }: LabelsProps): ReactNode {
  const { Label } = metadataOf(of);
  return Object.entries(texts).map(
    ([title, text]) => text !== undefined && <Label key={title} title={title} text={text} />,
  );
}
