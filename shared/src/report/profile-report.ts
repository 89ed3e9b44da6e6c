/** The report of one profile as a page. */

import { activeSentence } from '../analysis/conclusion.ts';
import { leakSentence } from '../analysis/leak-sentence.ts';
import { escapeMarkup } from '../format/charts/svg.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { iterationCharts } from './iterations-section.ts';
import { leaksTable } from './leaks-section.ts';
import { details, facts, page, paragraph, section } from './markup.ts';
import { runWaterfalls } from './peak-section.ts';
import { deviceDetails, environmentFacts, settingsFacts, sourcesTable, terms } from './settings-section.ts';
import { stagesContent } from './stages-section.ts';
import { megabytes, momentText, plural, seconds, spokenText } from './words.ts';

export function profilePage(document: ProfileDocument): string {
  const { model, settings, device, versions, leaks, attribution, iterations, startedAt, load } = document;
  const title = `Memory of ${model.name}`;
  return page(
    title,
    [
      `<header><h1>${escapeMarkup(title)}</h1>`,
      paragraph(
        `${spokenText(settings)}, voice ${settings.voice}, ${plural(settings.iterations, 'iteration')}; ${device.name}, ` +
          momentText(startedAt),
        'muted',
      ),
      '</header>',
      paragraph(profileAnswer(document), 'answer'),
      outcomeNotice(document),
      iterations.length === 0 ? '' : section('The peak', runWaterfalls(document)),
      section(
        'Over the iterations',
        iterationCharts([document], () => ''),
      ),
      attribution === undefined
        ? ''
        : section('Where in the network', stagesContent(model.name, attribution)),
      leaks === undefined || leaks.length === 0 ? '' : section('Leaks', leaksTable(leaks)),
      section('What the words mean', facts(terms)),
      section(
        'How it was measured',
        facts([
          ...settingsFacts(settings),
          [
            'loading',
            `${megabytes(load.activeBytes)} active, ${megabytes(load.peakBytes)} at the peak, ${seconds(load.seconds)}; the voice adds ${megabytes(load.voiceBytes)}`,
          ],
          ...environmentFacts(device, versions),
        ]) +
          sourcesTable([model]) +
          deviceDetails(device),
      ),
    ].join('\n'),
  );
}

/** What the run shows, in a paragraph. */
export function profileAnswer({ model, summary, leaks, settings, load }: ProfileDocument): string {
  if (summary === undefined) {
    return `${model.name} was loaded (${megabytes(load.activeBytes)} active), but no iteration was measured, so nothing can be said about its peak.`;
  }
  const { peakBytes, transientBytes, iterations, realTimeFactor } = summary;
  const range = [megabytes(peakBytes.minimum), megabytes(peakBytes.maximum)] as const;
  const spread =
    iterations === 1
      ? 'in the one iteration that was measured'
      : range[0] === range[1]
        ? `in each of ${plural(iterations, 'iteration')}`
        : `as the median of ${plural(iterations, 'iteration')} (${range.join(' to ')})`;
  const few =
    iterations < settings.iterations || iterations < 10 ? ' So few iterations show no slow leak.' : '';
  return [
    `${model.name} peaks at ${megabytes(peakBytes.median)} ${spread}, ${megabytes(transientBytes.median)} above what is active.`,
    activeSentence(summary),
    leaks === undefined || leaks.length === 0 ? few.trim() : leakSentence(leaks),
    realTimeFactor === undefined
      ? ''
      : `An iteration takes ${seconds(summary.seconds.median)} for ${seconds(summary.audioSeconds.median)} of audio.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** Markup; empty where the run is whole. */
export function outcomeNotice({ model, outcome, iterations }: ProfileDocument): string {
  const kept = iterations.length === 0 ? '' : ' What was measured before holds.';
  switch (outcome.status) {
    case 'complete':
      return '';
    case 'interrupted':
      return paragraph(`${model.name} was interrupted: ${outcome.reason}${kept}`, 'notice');
    case 'failed':
      return (
        paragraph(`${model.name} failed: ${outcome.reason}${kept}`, 'notice') +
        (outcome.error.hint === undefined ? '' : details('what to do', paragraph(outcome.error.hint)))
      );
  }
}
