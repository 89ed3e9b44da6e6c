/** A profile's progress and result in a line: for a toast and a HUD. */

import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { RunView } from './follow-run.ts';
import { amount, shortAmount } from './memory-words.ts';
import type { MemoryUnit } from './preferences.ts';
import { endSentence, leakLooks, runTitle } from './run-words.ts';

/** `Iteration 3 of 15 · active 164 MB · peak 666 MB`. */
export function progressMessage({ phrase, samples }: RunView, unit: MemoryUnit): string {
  const last = samples.at(-1);
  return last === undefined
    ? phrase
    : `${phrase} · active ${shortAmount(last.activeBytes, unit)} · peak ${shortAmount(last.peakBytes, unit)}`;
}

/** `bf16: active 163.5 MB, peak 666.0 MB. No Leak.` */
export function resultSentence(run: RunRecord, unit: MemoryUnit): string {
  const { figures, leak } = run;
  const end = endSentence(run);
  if (figures === undefined) {
    return end === '' ? `${runTitle(run)}: nothing was measured.` : `${runTitle(run)}: ${end}`;
  }
  const said = `${runTitle(run)}: active ${amount(figures.activeBytes, unit)}, peak ${amount(figures.peakBytes, unit)}.`;
  return end !== '' ? `${said} ${end}` : leak === undefined ? said : `${said} ${leakLooks[leak].word}.`;
}
