/** A self-test as text: one row per plant, and below the table what it shows. */

import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { channelAmount, channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { counted, formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { rateTolerance } from '@tidemark/shared/protocol/command-documents.ts';
import type { PlantResult, SelftestDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { column, figures, nothing, tableOf } from './layout.ts';
import type { Column } from './layout.ts';
import { environmentLine } from './profile-report.ts';

export function selftestReport(document: SelftestDocument): string {
  const { plants, settings, model } = document;
  const wrong = plants.filter(({ result }) => result !== 'as-expected');
  const control = plants.find(({ plant }) => plant === 'nothing');
  return [
    environmentLine(document),
    `${model.name}, /${settings.phonemes.join(' ')}/, ${counted(settings.iterations, 'iteration')} after ` +
      `${formatCount(settings.warmupIterations)} warm-up, plus twice as many if memory grows; each plant in a separate process`,
    '',
    tableOf(plants, columns),
    ...wrong.map(({ description, reason = '' }) => `\nPlanted ${description}: ${reason}`),
    '',
    conclusion(document),
    ...(control?.result === 'as-expected' ? [`With nothing planted: ${leakSentence(control.leaks)}`] : []),
  ].join('\n');
}

/** What came of one plant, in a word or two. */
export function resultWords({ result, channel }: Pick<PlantResult, 'result' | 'channel'>): string {
  switch (result) {
    case 'as-expected':
      return channel === undefined ? 'no leak' : 'found';
    case 'missed':
      return 'MISSED';
    case 'wrong-rate':
      return 'WRONG RATE';
    case 'false-alarm':
      return 'FALSE ALARM';
    case 'failed':
      return 'FAILED';
  }
}

const rate = (plant: PlantResult, value: number | undefined): string =>
  plant.channel === undefined || value === undefined ? nothing : exactAmount(plant.channel, value);

const columns: readonly Column<PlantResult>[] = [
  column('planted in each iteration', ({ description }) => description),
  column('result', resultWords),
  column('where', ({ channel }) => (channel === undefined ? nothing : channelNames[channel])),
  figures('planted', (plant) => rate(plant, plant.plantedRate)),
  figures('measured', (plant) => rate(plant, plant.measuredRate)),
  figures('error', ({ plantedRate, measuredRate }) =>
    plantedRate === undefined || measuredRate === undefined || plantedRate === 0
      ? nothing
      : formatPercent(measuredRate / plantedRate - 1, { sign: true }),
  ),
];

/** With enough digits to compare two rates: `1.049 MB`. */
function exactAmount(channel: LeakChannel, amount: number): string {
  const isInBytes = channel.endsWith('Bytes');
  return isInBytes && Math.abs(amount) >= 1000
    ? formatBytes(amount, { fractionDigits: 3 })
    : channelAmount(channel, amount);
}

function conclusion({ plants, outcome }: SelftestDocument): string {
  const good = plants.filter(({ result }) => result === 'as-expected');
  const of = (isLeak: boolean): string => {
    const isSuch = ({ channel }: PlantResult): boolean => (channel !== undefined) === isLeak;
    return `${good.filter(isSuch).length} of ${plants.filter(isSuch).length}`;
  };
  const found = `${of(true)} leaks were found in the right place, with rates accurate to ${formatPercent(rateTolerance, { fractionDigits: 0 })}`;
  const alone = `${of(false)} controls showed no leak`;
  switch (outcome) {
    case 'passed':
      return `Passed: ${found}; ${alone}.`;
    case 'failed':
      return `Failed: ${found}; ${alone}.`;
    case 'interrupted':
      return `Stopped after ${counted(plants.length, 'plant')}: ${found}; ${alone}.`;
  }
}
