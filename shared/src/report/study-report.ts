/** The report of a study as a page. */

import { escapeMarkup } from '../format/charts/svg.ts';
import { formatDuration } from '../format/numbers.ts';
import type { StudyDocument } from '../protocol/study-document.ts';
import { iterationCharts } from './iterations-section.ts';
import { leaksTable } from './leaks-section.ts';
import { facts, page, paragraph, section } from './markup.ts';
import { peaksOfRuns } from './peak-section.ts';
import { outcomeNotice } from './profile-report.ts';
import {
  deviceDetails,
  environmentFacts,
  settingsFacts,
  sourcesTable,
  studyTerms,
  terms,
} from './settings-section.ts';
import { stagesContent } from './stages-section.ts';
import { remedyContent, verdictsContent } from './verdicts-section.ts';
import { momentText, plural, sentenceList, spokenText } from './words.ts';

export function studyPage(document: StudyDocument): string {
  const { models, settings, runs, failures, skipped, comparison, answer, startedAt } = document;
  const [first] = runs;
  const title = `Study of ${plural(models.length, 'Kokoro model')}`;
  const heading = (name: string): string => `<h3>${escapeMarkup(name)}</h3>`;
  const attributed = runs.filter((run) => run.attribution !== undefined);
  const judged = runs.filter((run) => run.leaks !== undefined && run.leaks.length > 0);
  return page(
    title,
    [
      `<header><h1>${escapeMarkup(title)}</h1>`,
      paragraph(
        `${sentenceList(models)}; ${spokenText(settings)}, voice ${settings.voice}, ${plural(settings.iterations, 'iteration')} each; ` +
          `${first === undefined ? '' : `${first.device.name}, `}${momentText(startedAt)}`,
        'muted',
      ),
      '</header>',
      `<div class="answer">${answerContent(document)}</div>`,
      document.outcome === 'interrupted'
        ? paragraph('The study was stopped before its end; what was measured holds.', 'notice')
        : '',
      ...runs.map(outcomeNotice),
      ...failures.map(({ model, error }) =>
        paragraph(
          `${model} could not be measured: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`,
          'notice',
        ),
      ),
      skipped.length === 0
        ? ''
        : paragraph(`${sentenceList(skipped)} ${skipped.length === 1 ? 'was' : 'were'} not begun.`, 'notice'),
      section('The peaks', peaksOfRuns(runs, comparison)),
      answer === undefined
        ? section(
            'Why',
            paragraph(
              'No intervention was measured, so the figures above say what is so, and not why. A cause takes an experiment that changes one thing.',
            ),
          )
        : section('Why', verdictsContent(answer)),
      section(
        'Over the iterations',
        iterationCharts(runs, (run) => heading(run.model.name)),
      ),
      attributed.length === 0
        ? ''
        : section(
            'Where in the network',
            attributed
              .map(
                ({ model, attribution }) =>
                  heading(model.name) +
                  (attribution === undefined ? '' : stagesContent(model.name, attribution)),
              )
              .join(''),
          ),
      judged.length === 0
        ? ''
        : section(
            'Leaks',
            judged.map(({ model, leaks = [] }) => heading(model.name) + leaksTable(leaks)).join(''),
          ),
      section('What the words mean', facts([...terms, ...studyTerms])),
      section(
        'How it was measured',
        facts([
          ...settingsFacts(settings),
          ['process', 'a fresh one for each model'],
          ['took', formatDuration(document.seconds)],
          ...(first === undefined ? [] : environmentFacts(first.device, first.versions)),
        ]) +
          (runs.length === 0 ? '' : sourcesTable(runs.map(({ model }) => model))) +
          (first === undefined ? '' : deviceDetails(first.device)),
      ),
    ].join('\n'),
  );
}

/** The answer, and what helps; markup. Where no intervention was measured, what the figures show. */
function answerContent({ answer, conclusion }: StudyDocument): string {
  if (answer === undefined) {
    return paragraph(conclusion);
  }
  const anomalies = answer.explanations.filter(({ isAnomaly }) => isAnomaly);
  const others = answer.explanations.filter(({ isAnomaly }) => !isAnomaly);
  const remedies = new Map(
    anomalies.flatMap(({ remedy }) => (remedy === undefined ? [] : [[remedy.sentence, remedy] as const])),
  );
  const text = [
    ...anomalies.map(({ sentence }) => sentence),
    ...others.map(({ sentence }) => sentence),
    ...answer.refusals.map(({ model, reason }) => `There is no verdict on ${model}: ${reason}.`),
  ].join(' ');
  return paragraph(text === '' ? conclusion : text) + [...remedies.values()].map(remedyContent).join('');
}
