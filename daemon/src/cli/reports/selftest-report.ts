/** A self-test as text: one row a plant, and below the table what it shows. */

import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { channelAmount, channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { rateTolerance } from '@tidemark/shared/protocol/selftest-document.ts';
import type { PlantResult, SelftestDocument } from '@tidemark/shared/protocol/selftest-document.ts';
import { environmentLine } from './profile-report.ts';

const columns: readonly TableColumn[] = [
  { header: 'planted in each iteration' },
  { header: 'result' },
  { header: 'where' },
  { header: 'planted', align: 'right' },
  { header: 'measured', align: 'right' },
  { header: 'off by', align: 'right' },
];

export function selftestReport(document: SelftestDocument): string {
  const { plants, settings, model } = document;
  const wrong = plants.filter(({ result }) => result !== 'as-expected');
  const control = plants.find(({ plant }) => plant === 'nothing');
  return [
    environmentLine(document),
    `${model.name}, /${settings.phonemes.join(' ')}/, ${formatCount(settings.iterations)} iterations after ` +
      `${formatCount(settings.warmupIterations)} of warm-up and twice as many more where a channel rises, each plant in a process of its own`,
    '',
    formatTable(columns, plants.map(row)),
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
      return channel === undefined ? 'left alone' : 'found';
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

const nothing = '–';

function row(plant: PlantResult): string[] {
  const { description, channel, plantedRate, measuredRate } = plant;
  return [
    description,
    resultWords(plant),
    channel === undefined ? nothing : channelNames[channel],
    channel === undefined || plantedRate === undefined ? nothing : exactAmount(channel, plantedRate),
    channel === undefined || measuredRate === undefined ? nothing : exactAmount(channel, measuredRate),
    plantedRate === undefined || measuredRate === undefined || plantedRate === 0
      ? nothing
      : formatPercent(measuredRate / plantedRate - 1, { sign: true }),
  ];
}

/** With digits enough for two rates to be held against each other: `1.049 MB`. */
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
  const found = `${of(true)} leaks were found in their place, at their rate within ${formatPercent(rateTolerance, { fractionDigits: 0 })}`;
  const alone = `${of(false)} that are none were left alone`;
  switch (outcome) {
    case 'passed':
      return `Passed: ${found}; ${alone}.`;
    case 'failed':
      return `Failed: ${found}; ${alone}.`;
    case 'interrupted':
      return `Stopped after ${formatCount(plants.length)} of the plants: ${found}; ${alone}.`;
  }
}
