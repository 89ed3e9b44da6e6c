/** Writes the README's tables of what was run where, from the documents of `tidemark acceptance` in docs/acceptance. */

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import * as v from 'valibot';
import { acceptanceDocument } from '@tidemark/shared/protocol/acceptance-document.ts';
import type { AcceptanceDocument } from '@tidemark/shared/protocol/acceptance-document.ts';
import { allChecks } from '../daemon/src/acceptance/run-acceptance.ts';
import { repositoryRoot } from '../daemon/src/paths.ts';

export const acceptanceFolder = join(repositoryRoot, 'docs', 'acceptance');
const readmePath = join(repositoryRoot, 'README.md');

const begin = '<!-- Written by `npm run what-was-run` from docs/acceptance. -->';
const end = '<!-- Up to here. -->';

export interface Page {
  /** Without its folder and its ending. */
  readonly name: string;
  readonly document: AcceptanceDocument;
}

/** The kinds of machines that Tidemark is for, as the tables have them. */
const machines = [
  { title: 'Mac', has: ({ platform }: AcceptanceDocument['machine']) => platform === 'darwin' },
  {
    title: 'Linux, CUDA',
    has: ({ platform, backend }: AcceptanceDocument['machine']) =>
      platform === 'linux' && backend?.startsWith('CUDA') === true,
  },
  {
    title: 'Linux, CPU',
    has: ({ platform, backend }: AcceptanceDocument['machine']) =>
      platform === 'linux' && backend?.startsWith('CUDA') !== true,
  },
] as const;

/** Throws where a document is not true to its schema. */
export async function readPages(folder = acceptanceFolder): Promise<Page[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return await Promise.all(
    names.map(async (name) => ({
      name: name.slice(0, -'.json'.length),
      document: v.parse(acceptanceDocument, JSON.parse(await readFile(join(folder, name), 'utf8'))),
    })),
  );
}

/** The README with its tables as these pages have it, formatted. */
export async function withTables(readme: string, pages: readonly Page[]): Promise<string> {
  const [before, rest] = readme.split(`${begin}\n`);
  const [, after] = (rest ?? '').split(end);
  if (before === undefined || after === undefined) {
    throw new Error(`README.md has no place for the tables: “${begin}” and “${end}”`);
  }
  const text = `${before}${begin}\n\n${tables(pages)}\n\n${end}${after}`;
  return await format(text, { ...(await resolveConfig(readmePath)), parser: 'markdown' });
}

function tables(pages: readonly Page[]): string {
  const newest = machines.map(({ title, has }) => ({
    title,
    page: pages
      .filter(({ document }) => has(document.machine))
      .sort((a, b) => b.document.startedAt.localeCompare(a.document.startedAt))[0],
  }));
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['check', ...newest.map(({ title }) => title)]),
    row(['---', ...newest.map(() => '---')]),
    ...allChecks.map(({ id, title }) =>
      row([
        title,
        ...newest.map(({ page }) => page?.document.checks.find((each) => each.id === id)?.status ?? '–'),
      ]),
    ),
    '',
    ...newest.map(({ title, page }) => `- ${title}: ${page === undefined ? missing : summary(page)}`),
  ].join('\n');
}

const missing = 'no page yet. Whoever has one can run `npx tidemark acceptance` there, and send the page.';

function summary({ name, document }: Page): string {
  const { machine, versions, startedAt } = document;
  return (
    `[${machine.system}, ${machine.chip}](docs/acceptance/${name}.html), ${startedAt.slice(0, 10)}, Tidemark ${versions.tidemark}, ` +
    `MLX ${versions.mlx ?? 'not started'}`
  );
}

export const readReadme = (): Promise<string> => readFile(readmePath, 'utf8');

if (process.argv[1] === import.meta.filename) {
  await writeFile(readmePath, await withTables(await readReadme(), await readPages()));
}
