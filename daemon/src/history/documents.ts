/** The documents of runs, compressed, with what they say of parts and causes beside them in tables. */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ProfileDocument } from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { Database } from './database.ts';
import { bytesOf, textOf } from './rows.ts';

/** In the place of what was there. */
export function storeDocument(database: Database, runId: number, document: RunDocument): void {
  const json = Buffer.from(JSON.stringify(document));
  database.run(
    'INSERT OR REPLACE INTO run_documents (run_id, encoding, json_bytes, content) VALUES (?, ?, ?, ?)',
    [
      runId,
      'zstd',
      json.byteLength,
      zstdCompressSync(json, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    ],
  );
  database.run('DELETE FROM stages WHERE run_id = ?', [runId]);
  database.run('DELETE FROM verdicts WHERE run_id = ?', [runId]);
  for (const [place, profile] of (document.kind === 'profile' ? [document] : document.runs).entries()) {
    // A study may have a model twice.
    storeParts(database, runId, place, profile);
  }
  if (document.kind === 'study') {
    storeCauses(database, runId, document.answer?.explanations ?? []);
  }
}

export function documentOf(database: Database, runId: number): RunDocument | undefined {
  const json = documentJson(database, runId);
  // It was checked when it came in, and a file of megabytes takes long to check.
  return json === undefined ? undefined : (JSON.parse(json) as RunDocument);
}

export function documentJson(database: Database, runId: number): string | undefined {
  const row = database.get('SELECT encoding, content FROM run_documents WHERE run_id = ?', [runId]);
  if (row === undefined) {
    return undefined;
  }
  const content = bytesOf(row, 'content');
  return (textOf(row, 'encoding') === 'zstd' ? zstdDecompressSync(content) : Buffer.from(content)).toString(
    'utf8',
  );
}

function storeParts(
  database: Database,
  runId: number,
  runPlace: number,
  { model: { name }, attribution, leaks = [] }: ProfileDocument,
): void {
  for (const [place, part] of (attribution?.parts ?? []).entries()) {
    database.run(
      `INSERT INTO stages (run_id, run_place, model, place, name, stage, active_before_bytes, peak_bytes, transient_bytes, seconds)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        runId,
        runPlace,
        name,
        place,
        part.name,
        part.stage ?? null,
        part.activeBeforeBytes,
        part.peakBytes,
        part.transientBytes,
        part.seconds,
      ],
    );
  }
  for (const { channel, status, ratePerIteration, smallestDetectable, reason } of leaks) {
    database.run(
      `INSERT INTO verdicts (run_id, run_place, model, kind, subject, status, amount, smallest_detectable, sentence)
       VALUES (?, ?, ?, 'leak', ?, ?, ?, ?, ?)`,
      [runId, runPlace, name, channel, status, ratePerIteration, smallestDetectable ?? null, reason ?? null],
    );
  }
}

type Explanations = NonNullable<Extract<RunDocument, { kind: 'study' }>['answer']>['explanations'];

function storeCauses(database: Database, runId: number, explanations: Explanations): void {
  for (const [place, { model, verdicts }] of explanations.entries()) {
    for (const { hypothesis, status, effectBytes, share, sentence } of verdicts) {
      database.run(
        `INSERT INTO verdicts (run_id, run_place, model, kind, subject, status, amount, share, sentence)
         VALUES (?, ?, ?, 'cause', ?, ?, ?, ?, ?)`,
        [runId, place, model, hypothesis, status, effectBytes?.estimate ?? null, share ?? null, sentence],
      );
    }
  }
}
