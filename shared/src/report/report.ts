/** A document as a report: one page of HTML that needs nothing but itself. */

import { activeSentence } from '../analysis/conclusions.ts';
import { leakSentence } from '../analysis/leak-sentence.ts';
import { largestCause } from '../analysis/verdicts/remedy.ts';
import { element } from '../format/charts/svg.ts';
import { counted, formatDuration, formatList } from '../format/numbers.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { runsOf } from '../protocol/run-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { engineOf, studiesOf } from '../protocol/study-document.ts';
import type { EngineStudy, Explanation, StudyDocument } from '../protocol/study-document.ts';
import type { TuneDocument } from '../protocol/tune-document.ts';
import { enginesContent } from './engines-section.ts';
import { details, facts, page, paragraph, section, subheading } from './markup.ts';
import { peaksOfRuns, runWaterfalls } from './peak-section.ts';
import { iterationCharts, leaksTable, stagesContent } from './run-sections.ts';
import {
  deviceDetails,
  engineWords,
  environmentFacts,
  pythonTerms,
  settingsFacts,
  sourcesTable,
  studyTerms,
  terms,
} from './settings-section.ts';
import { traceContent } from './trace-section.ts';
import { tuningPage } from './tune-page.ts';
import { remedyContent, verdictsContent } from './verdicts-section.ts';
import { watchPage } from './watch-page.ts';
import { megabytes, momentText, seconds, spokenText } from './words.ts';

/** `beside` are further runs, of which the page draws the traces below the document's own, on one scale. */
export function renderReport(
  document: RunDocument | TuneDocument,
  beside: readonly RunDocument[] = [],
): string {
  const others = beside.flatMap(runsOf);
  switch (document.kind) {
    case 'profile':
      return profilePage(document, others);
    case 'study':
      return studyPage(document, others);
    case 'tune':
      return tuningPage(document);
    case 'watch':
      return watchPage(document);
  }
}

function profilePage(document: ProfileDocument, others: readonly ProfileDocument[]): string {
  const { model, settings, device, versions, leaks, attribution, iterations, startedAt, load } = document;
  const traces = traceContent([document, ...others]);
  return page(
    `Memory of ${model.name}`,
    `${spokenText(settings)}, voice ${settings.voice}, ${counted(settings.iterations, 'iteration')}${engineWords(settings, versions)}; ${device.name}, ` +
      momentText(startedAt),
    [
      paragraph(profileAnswer(document), 'answer'),
      outcomeNotice(document),
      iterations.length === 0 ? '' : section('Peak memory', runWaterfalls(document)),
      section(
        'Memory by iteration',
        iterationCharts([document], () => ''),
      ),
      attribution === undefined
        ? ''
        : section('Where in the network', stagesContent(model.name, attribution)),
      traces.section,
      leaks === undefined || leaks.length === 0 ? '' : section('Leaks', leaksTable(leaks)),
      section('Terms', facts([...terms, ...pythonTerms(versions)])),
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
    ],
    traces.script,
  );
}

/** What the run shows, in a paragraph. */
function profileAnswer({ model, summary, leaks, settings, load }: ProfileDocument): string {
  if (summary === undefined) {
    return `${model.name} was loaded (${megabytes(load.activeBytes)} active), but no iteration was measured, so its peak is unknown.`;
  }
  const { peakBytes, transientBytes, iterations, realTimeFactor } = summary;
  const range = [megabytes(peakBytes.minimum), megabytes(peakBytes.maximum)] as const;
  const spread =
    iterations === 1
      ? 'in the one measured iteration'
      : range[0] === range[1]
        ? `in each of ${counted(iterations, 'iteration')}`
        : `as the median of ${counted(iterations, 'iteration')} (${range.join(' to ')})`;
  const few =
    iterations < settings.iterations || iterations < 10
      ? ' So few iterations cannot reveal a slow leak.'
      : '';
  return [
    `${model.name} peaks at ${megabytes(peakBytes.median)} ${spread}, ${megabytes(transientBytes.median)} above active memory.`,
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
function outcomeNotice({ model, outcome, iterations }: ProfileDocument): string {
  const kept = iterations.length === 0 ? '' : ' The iterations measured before that are valid.';
  switch (outcome.status) {
    case 'complete':
      return '';
    case 'interrupted':
      return paragraph(`${model.name} was interrupted: ${outcome.reason}${kept}`, 'notice');
    case 'failed':
      return (
        paragraph(`${model.name} failed: ${outcome.reason}${kept}`, 'notice') +
        (outcome.error.hint === undefined ? '' : details('What to do', paragraph(outcome.error.hint)))
      );
  }
}

function studyPage(document: StudyDocument, others: readonly ProfileDocument[]): string {
  const { models, settings, runs, startedAt, agreements = [] } = document;
  const studies = studiesOf(document);
  const [first] = runs;
  const traces = traceContent([...runsOf(document), ...others]);
  const engines = studies.map(engineOf);
  const areSeveral = studies.length > 1;
  return page(
    `Study of ${counted(models.length, 'Kokoro model')}${areSeveral ? ` in ${formatList(engines)}` : ''}`,
    `${formatList(models)}; ${spokenText(settings)}, voice ${settings.voice}, ${counted(settings.iterations, 'iteration')} each` +
      `${areSeveral || first === undefined ? '' : engineWords(settings, first.versions)}; ` +
      `${first === undefined ? '' : `${first.device.name}, `}${momentText(startedAt)}`,
    [
      element(
        'div',
        { class: 'answer' },
        areSeveral ? agreementContent(document, studies) : answerContent(document),
      ),
      document.outcome === 'interrupted'
        ? paragraph('The study was stopped before it finished; what was measured is valid.', 'notice')
        : '',
      ...studies.flatMap(notices),
      areSeveral ? section('Side by side', enginesContent(engines, agreements)) : '',
      ...studies.flatMap((study) => findingSections(study, areSeveral ? `, ${engineOf(study)}` : '')),
      traces.section,
      section('Terms', facts([...terms, ...studyTerms])),
      ...studies.map((study) => methodSection(study, areSeveral ? `, ${engineOf(study)}` : '')),
    ],
    traces.script,
  );
}

/** What was not measured, or not to its end; markup. */
const notices = ({ runs, failures, skipped, settings }: EngineStudy): string[] => [
  ...runs.map(outcomeNotice),
  ...failures.map(({ model, error }) =>
    paragraph(
      `${model} could not be measured: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`,
      'notice',
    ),
  ),
  skipped.length === 0
    ? ''
    : paragraph(
        `${formatList(skipped)} ${skipped.length === 1 ? 'was' : 'were'} not started` +
          `${settings.engine === undefined ? '' : ` in ${settings.engine}`}.`,
        'notice',
      ),
];

/** What one engine's study found. `suffix` ends each title where there are several. */
function findingSections({ runs, comparison, answer }: EngineStudy, suffix: string): string[] {
  const attributed = runs.filter((run) => run.attribution !== undefined);
  const judged = runs.filter((run) => run.leaks !== undefined && run.leaks.length > 0);
  return [
    section(`Peak memory${suffix}`, peaksOfRuns(runs, comparison)),
    answer === undefined
      ? section(
          `Why${suffix}`,
          paragraph(
            'No intervention was measured, so the figures above show what happened, not why. Finding a cause takes an experiment that changes one thing.',
          ),
        )
      : section(`Why${suffix}`, verdictsContent(answer)),
    section(
      `Memory by iteration${suffix}`,
      iterationCharts(runs, (run) => subheading(run.model.name)),
    ),
    attributed.length === 0
      ? ''
      : section(
          `Where in the network${suffix}`,
          attributed
            .map(
              ({ model, attribution }) =>
                subheading(model.name) +
                (attribution === undefined ? '' : stagesContent(model.name, attribution)),
            )
            .join(''),
        ),
    judged.length === 0
      ? ''
      : section(
          `Leaks${suffix}`,
          judged.map(({ model, leaks = [] }) => subheading(model.name) + leaksTable(leaks)).join(''),
        ),
  ];
}

function methodSection({ settings, runs, seconds: took }: EngineStudy, suffix: string): string {
  const [first] = runs;
  return section(
    `How it was measured${suffix}`,
    facts([
      ...settingsFacts(settings),
      ['process', 'a new one for each model'],
      ['total time', formatDuration(took)],
      ...(first === undefined ? [] : environmentFacts(first.device, first.versions)),
    ]) +
      (runs.length === 0 ? '' : sourcesTable(runs.map(({ model }) => model))) +
      (first === undefined ? '' : deviceDetails(first.device)),
  );
}

/** Whether the engines agree on each model, and what helps in each; markup. */
function agreementContent(
  { agreements = [], conclusion }: StudyDocument,
  studies: readonly EngineStudy[],
): string {
  // What is the same command in several engines is said once.
  const remedies = new Map<string, string>();
  for (const study of studies) {
    for (const { remedy, others } of remediesOf(study)) {
      const key = remedy.command ?? remedy.sentence;
      if (!remedies.has(key)) {
        const sentence = `In ${engineOf(study)}: ${remedy.sentence}`;
        remedies.set(key, remedyContent({ ...remedy, sentence }) + likewise(others));
      }
    }
  }
  const sentences = agreements.map(({ sentence }) => paragraph(sentence)).join('');
  return (sentences === '' ? paragraph(conclusion) : sentences) + [...remedies.values()].join('');
}

interface CommonRemedy {
  /** That of the last of the models that it helps, which is the smallest one as studies usually name them. */
  readonly remedy: NonNullable<Explanation['remedy']>;
  /** The other models whose anomaly has the same cause. Their own remedy is in their section. */
  readonly others: readonly string[];
}

/** What helps against each cause of an anomaly, once for all the models that have it. */
function remediesOf({ answer }: EngineStudy): CommonRemedy[] {
  const byCause = new Map<string, CommonRemedy & { readonly model: string }>();
  for (const { model, isAnomaly, remedy, verdicts } of answer?.explanations ?? []) {
    if (isAnomaly && remedy !== undefined) {
      const key = largestCause(verdicts)?.hypothesis ?? remedy.sentence;
      const before = byCause.get(key);
      byCause.set(key, {
        model,
        remedy,
        others: before === undefined ? [] : [...before.others, before.model],
      });
    }
  }
  return [...byCause.values()];
}

const likewise = (models: readonly string[]): string =>
  models.length === 0 ? '' : paragraph(`The same holds for ${formatList(models)}: see below.`, 'muted');

/** The answer, and what helps; markup. Where no intervention was measured, what the figures show. */
function answerContent(study: EngineStudy): string {
  const { answer, conclusion } = study;
  if (answer === undefined) {
    return paragraph(conclusion);
  }
  const anomalies = answer.explanations.filter(({ isAnomaly }) => isAnomaly);
  const others = answer.explanations.filter(({ isAnomaly }) => !isAnomaly);
  const text = [
    ...anomalies.map(({ sentence }) => sentence),
    ...others.map(({ sentence }) => sentence),
    ...answer.refusals.map(({ model, reason }) => `There is no verdict on ${model}: ${reason}.`),
  ].join(' ');
  const remedies = remediesOf(study).map(({ remedy, others }) => remedyContent(remedy) + likewise(others));
  return paragraph(text === '' ? conclusion : text) + remedies.join('');
}
