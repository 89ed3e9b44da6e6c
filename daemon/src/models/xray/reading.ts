/** What an x-ray comes down to: one sentence, and what deserves a warning. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { XrayDocument } from '@tidemark/shared/protocol/xray-document.ts';

type Findings = Omit<XrayDocument, 'reading' | 'warnings'>;

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** `float32: 274.4 MB` of one, `float32 1.0 MB and bfloat16 2.0 MB` of several. */
function byDtype(bytesByDtype: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(bytesByDtype).sort(([, a], [, b]) => b - a);
  const [first] = sorted;
  return sorted.length === 1 && first !== undefined
    ? `${first[0]}: ${formatBytes(first[1])}`
    : sorted.map(([dtype, bytes]) => `${dtype} ${formatBytes(bytes)}`).join(' and ');
}

export function readingOf({ quantization, tensorBytes, bytesByDtype }: Findings): string {
  const { found, unquantized, quantizedShare } = quantization;
  if (found.length === 0) {
    return `Nothing is quantized; the weights are ${byDtype(bytesByDtype)}.`;
  }
  const rest: Record<string, number> = {};
  for (const kind of unquantized) {
    for (const [dtype, bytes] of Object.entries(kind.bytesByDtype)) {
      rest[dtype] = (rest[dtype] ?? 0) + bytes;
    }
  }
  const how = found
    .map(({ bits, groupSize, modules }) => `${modules} modules at ${bits} bits in groups of ${groupSize}`)
    .join(', ');
  const what = `${how} hold ${percent(quantizedShare)} of the parameters`;
  return Object.keys(rest).length === 0
    ? `${what}: ${formatBytes(tensorBytes)} in all.`
    : `${what}; the unquantized rest is ${byDtype(rest)} of ${formatBytes(tensorBytes)}.`;
}

/** `hasConfig`: whether there is a config.json to compare with. */
export function warningsOf(findings: Findings, hasConfig: boolean): string[] {
  const { files, otherFiles, quantization, parts } = findings;
  const { found, configured } = quantization;
  const warnings: string[] = [];
  if (otherFiles.length > 0) {
    warnings.push(
      `Beside ${files.map(({ name }) => name).join(', ')} there is ${otherFiles.join(', ')}: mlx-audio loads all of them, ` +
        'and of tensors with the same name whichever comes last.',
    );
  }
  const missing = ['bert', 'predictor', 'text_encoder', 'decoder', 'decoder.generator'].filter(
    (part) => !parts.some((present) => present.part === part),
  );
  if (missing.length > 0) {
    warnings.push(`This is not a whole Kokoro checkpoint: nothing in it belongs to ${missing.join(', ')}.`);
  }
  if (found.length > 0 && hasConfig && configured === undefined) {
    warnings.push(
      'Tensors are quantized, but config.json has no `quantization`, so loaders will take them for plain ones.',
    );
  }
  if (found.length === 0 && configured !== undefined) {
    warnings.push(`config.json says ${configured.bits} bits, but no tensor is quantized.`);
  }
  for (const { bits, groupSize, modules } of found) {
    if (configured !== undefined && (bits !== configured.bits || groupSize !== configured.groupSize)) {
      warnings.push(
        `config.json says ${configured.bits} bits in groups of ${configured.groupSize}, but ${modules} modules have the ` +
          `shapes of ${bits} bits in groups of ${groupSize}.`,
      );
    }
  }
  return warnings;
}
