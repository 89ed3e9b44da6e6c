/** Finds runs by words of what is shown of them: number, model, text, voice, schedule, engine, kind, state, and verdict. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';

/** A part of a WHERE clause, with what goes into its marks. */
export type Condition = readonly [sql: string, ...values: SQLInputValue[]];

/**
 * In a form in which letters differ neither by case nor by accents, nor by how Unicode composes them. To upper case, because
 * ß has a lower-case form of its own and σ has two.
 */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/gu, '')
    .toUpperCase();

/** Gives SQLite {@link folded}: its own `upper` and LIKE know the letters of ASCII only. */
export function addFolding(connection: DatabaseSync): void {
  connection.function('folded', { deterministic: true }, (text) =>
    typeof text === 'string' ? folded(text) : null,
  );
}

/** All of a text that is shown shortened too, and the conclusion of a study; that of a profile is its verdict over again. */
const noting = `UPDATE runs SET words = folded(concat_ws(' ',
  (SELECT group_concat(model, ' ') FROM run_models WHERE run_id = runs.id),
  voice, substr(text, 1, 50000), iif(json_valid(workload), substr(workload ->> '$.firstText', 1, 200), NULL),
  (SELECT group_concat(value, ' ')
    FROM run_requests, json_each(iif(json_valid(request), request, '{}'), '$.parameters.texts') WHERE run_id = runs.id),
  schedule_name, reason, iif(kind = 'study', finding, NULL)))`;

/** Whenever one of them may have changed: folding 100,000 runs for each search takes a second, and finding in them 20 ms. */
export function noteWords(
  database: { readonly run: (sql: string, values: SQLInputValue[]) => unknown },
  runId: number,
): void {
  database.run(`${noting} WHERE id = ?`, [runId]);
}

/** Of runs from before there were any. Writes nothing where there is none. */
export function noteMissingWords(connection: DatabaseSync): void {
  if (connection.prepare('SELECT 1 FROM runs WHERE words IS NULL LIMIT 1').get() !== undefined) {
    connection.exec(`${noting} WHERE words IS NULL`);
  }
}

/** NULL for Tidemark's own, for a watched program, and for a workload that cannot be read. */
const engineOf = `iif(json_valid(runs.workload), runs.workload ->> '$.engine', NULL)`;

/** The engines of a study by several, as JSON, with one of them in it. */
const hasEngine = `iif(json_valid(runs.workload), instr(runs.workload ->> '$.engines', json_quote(?)) > 0, NULL)`;

/** Runs of one engine, or by it and others; a watched program has none. */
export const engineConditions = (engine: EngineName | undefined): Condition[] =>
  engine === undefined
    ? []
    : [
        [
          `runs.kind <> 'watch' AND coalesce(${hasEngine}, coalesce(${engineOf}, 'tidemark') = ?)`,
          engine,
          engine,
        ],
      ];

/** What stands in a column in other words than it is shown in. A person who begins to type one means it. */
const shownValues: readonly (readonly [word: string, column: string, value: string])[] = [
  ['QUEUED', 'state', 'queued'],
  ['RUNNING', 'state', 'running'],
  ['COMPLETE', 'state', 'complete'],
  ['CANCELED', 'state', 'cancelled'],
  ['CANCELLED', 'state', 'cancelled'],
  ['INTERRUPTED', 'state', 'interrupted'],
  ['FAILED', 'state', 'failed'],
  ['LEAK', 'leak', 'leak'],
  ['NO LEAK', 'leak', 'no-leak'],
  ['INCONCLUSIVE', 'leak', 'inconclusive'],
  ['PROFILE', 'kind', 'profile'],
  ['STUDY', 'kind', 'study'],
  ['WATCHED', 'kind', 'watch'],
  ['CHECK', 'trigger_kind', 'schedule'],
  ['IMPORTED', 'trigger_kind', 'import'],
];

/** One condition for each word; a run has to meet them all. None for a search without a word. */
export function searchConditions(search: string): Condition[] {
  return termsOf(folded(search)).map(conditionOf);
}

/** `no leak` is one term, which runs with a leak do not meet, and `leak` one that runs without do not. */
const termsOf = (search: string): string[] =>
  [...search.matchAll(/(?<!\S)NO[\s-]+(L|LE|LEA|LEAK)(?!\S)|\S+/g)].map(([term, beginning]) =>
    beginning === undefined ? term : `NO ${beginning}`,
  );

function conditionOf(term: string): Condition {
  const number = /^#?(\d{1,15})$/.exec(term)?.[1];
  if (number !== undefined) {
    // A whole number: not the 16 of bf16, which would hide run 16 among all runs of that model.
    return [
      `(runs.id = ? OR (instr(runs.words, ?) > 0 AND ' ' || runs.words || ' ' GLOB ?))`,
      Number(number),
      term,
      `*[^0-9A-Z]${term}[^0-9A-Z]*`,
    ];
  }
  const values = shownValues
    .filter(([word]) => word.startsWith(term))
    .map(([, column, value]) => `runs.${column} = '${value}'`);
  const isUid = /^[\dA-F]{8}[\dA-F-]*$/.test(term);
  const alternatives = [
    ...values,
    ...('MLX-AUDIO'.startsWith(term)
      ? [`${engineOf} = 'mlx-audio'`, hasEngine.replace('?', `'mlx-audio'`)]
      : []),
    ...(isUid ? ['instr(upper(runs.uid), ?) = 1'] : []),
    'instr(runs.words, ?) > 0',
  ];
  return [`(${alternatives.join(' OR ')})`, ...(isUid ? [term] : []), term];
}
