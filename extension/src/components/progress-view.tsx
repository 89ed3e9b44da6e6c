/** A run while it runs: progress by iteration, active and peak as they come; then its result, with its verdict. */

import { Action, ActionPanel, Color, Detail, Keyboard } from '@raycast/api';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { RunDetail } from '@tidemark/client/protocol/daemon/methods';
import { memoryChart, widths } from '../lib/charts.ts';
import { refreshMenuBar } from '../lib/deep-links.ts';
import { followWanted, initialView } from '../lib/follow-run.ts';
import type { RunView, Wanted } from '../lib/follow-run.ts';
import { amount, levelLooks, memoryLevel } from '../lib/memory-words.ts';
import { preferences } from '../lib/preferences.ts';
import { blocks, plain } from '../lib/markdown.ts';
import { runMarkdown } from '../lib/run-markdown.ts';
import { engineOf, stateLooks } from '../lib/run-words.ts';
import { resultTrouble, toTrouble } from '../lib/trouble.ts';
import type { Trouble } from '../lib/trouble.ts';
import { CancelAction, RunActions } from './run-actions.tsx';
import { RunMetadata } from './run-metadata.tsx';
import { TroubleScreen } from './trouble-screen.tsx';

export interface ProgressViewProps {
  readonly wanted: Wanted;
  readonly navigationTitle?: string;
}

type Stage =
  | { readonly kind: 'following'; readonly view: RunView }
  | { readonly kind: 'ended'; readonly detail: RunDetail }
  | { readonly kind: 'trouble'; readonly trouble: Trouble };

/** A drawing takes Raycast a moment, and a tiny model's iterations come faster than that. */
const drawEveryMilliseconds = 250;

export function ProgressView({ wanted: firstWanted, navigationTitle }: ProgressViewProps): ReactNode {
  const [wanted, setWanted] = useState(firstWanted);
  const [attempt, setAttempt] = useState(0);
  const [stage, setStage] = useState<Stage>({ kind: 'following', view: initialView });

  useEffect(() => {
    const controller = new AbortController();
    let latest = initialView;
    const draw = throttle(() => setStage({ kind: 'following', view: latest }), drawEveryMilliseconds);
    followWanted(wanted, {
      signal: controller.signal,
      onView: (view) => {
        latest = view;
        draw.soon();
      },
    })
      .then(
        (detail): Stage => ({ kind: 'ended', detail }),
        (error: unknown): Stage => ({ kind: 'trouble', trouble: toTrouble(error) }),
      )
      .then((last) => {
        draw.stop();
        if (!controller.signal.aborted) {
          // A run that was started must not be started again by a second attempt.
          if (latest.record !== undefined) {
            setWanted({ kind: 'run', runId: latest.record.id });
          }
          setStage(last);
          void refreshMenuBar();
        }
      });
    return () => {
      controller.abort();
      draw.stop();
    };
    // `wanted` only changes when the run is over.
  }, [attempt]);

  const retry = (): void => {
    setStage({ kind: 'following', view: initialView });
    setAttempt((before) => before + 1);
  };
  const title = navigationTitle === undefined ? {} : { navigationTitle };
  switch (stage.kind) {
    case 'trouble':
      return <TroubleScreen trouble={stage.trouble} onRetry={retry} />;
    case 'following':
      return <Following view={stage.view} {...title} />;
    case 'ended': {
      const { record } = stage.detail;
      const trouble = resultTrouble(record);
      // A run that was begun elsewhere cannot be begun again from here, so its screen says how it ended.
      if (trouble !== undefined && record.samplesTaken === 0 && firstWanted.kind !== 'run') {
        return (
          <TroubleScreen
            trouble={trouble}
            onRetry={() => {
              setWanted(firstWanted);
              retry();
            }}
          />
        );
      }
      return <Result detail={stage.detail} {...title} />;
    }
  }
}

function Following({
  view,
  ...title
}: {
  readonly view: RunView;
  readonly navigationTitle?: string;
}): ReactNode {
  const { unit, thresholds } = preferences();
  const { record, phrase, done, total, model, samples, troubles } = view;
  const last = samples.at(-1);
  const engine = record === undefined ? undefined : engineOf(record);
  const level = last === undefined ? undefined : levelLooks[memoryLevel(last.peakBytes, thresholds)];
  return (
    <Detail
      isLoading
      {...title}
      markdown={blocks([
        `## ${plain(phrase)}`,
        total === 0 ? '' : `\`${progressBar(done, total)}\` ${done} of ${total}`,
        memoryChart(model ?? 'the model', samples, { width: widths.detail, unit }, [], record?.workload),
        ...troubles.map((trouble) => `> ${plain(trouble)}`),
      ])}
      metadata={
        <Detail.Metadata>
          <Detail.Metadata.TagList title="State">
            <Detail.Metadata.TagList.Item
              text={stateLooks[record?.state ?? 'queued'].word}
              color={Color.Blue}
            />
          </Detail.Metadata.TagList>
          <Detail.Metadata.Label title="Model" text={model ?? record?.models.join(', ') ?? '–'} />
          {engine !== undefined && <Detail.Metadata.Label title="Engine" text={engine} />}
          <Detail.Metadata.Label
            title="Active"
            text={last === undefined ? '–' : amount(last.activeBytes, unit)}
          />
          <Detail.Metadata.Label
            title="Peak"
            text={
              last === undefined || level === undefined
                ? '–'
                : `${amount(last.peakBytes, unit)}, ${level.word}`
            }
            icon={level === undefined ? null : { source: level.icon, tintColor: level.color }}
          />
          <Detail.Metadata.Label
            title="Cache"
            text={last === undefined ? '–' : amount(last.cacheBytes, unit)}
          />
          <Detail.Metadata.Label
            title="Footprint"
            text={last === undefined ? '–' : amount(last.footprintBytes, unit)}
          />
          {record !== undefined && <Detail.Metadata.Label title="Run" text={String(record.id)} />}
        </Detail.Metadata>
      }
      actions={
        <ActionPanel>
          {record !== undefined && <CancelAction runId={record.id} />}
          {last !== undefined && (
            <Action.CopyToClipboard
              title="Copy Figures so Far"
              shortcut={Keyboard.Shortcut.Common.Copy}
              content={`active ${amount(last.activeBytes, unit)}, peak ${amount(last.peakBytes, unit)}`}
            />
          )}
        </ActionPanel>
      }
    />
  );
}

function Result({
  detail,
  ...title
}: {
  readonly detail: RunDetail;
  readonly navigationTitle?: string;
}): ReactNode {
  const { unit } = preferences();
  return (
    <Detail
      {...title}
      markdown={runMarkdown(detail, { width: widths.detail, unit, isBrief: false })}
      metadata={<RunMetadata record={detail.record} detail={detail} of="detail" />}
      actions={
        <ActionPanel>
          <RunActions run={detail.record} />
        </ActionPanel>
      }
    />
  );
}

const barLength = 24;

function progressBar(done: number, total: number): string {
  const filled = Math.min(barLength, Math.round((done / total) * barLength));
  return '█'.repeat(filled) + '░'.repeat(barLength - filled);
}

/** Runs at most once in so many milliseconds, and once more for what came meanwhile. */
function throttle(run: () => void, milliseconds: number): { soon: () => void; stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    soon: () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        run();
      }, milliseconds);
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
