/** The README and the pages in docs/, held to the command line that they describe. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { allCommands } from '../src/cli/commands/index.ts';
import { repositoryRoot } from '../src/paths.ts';

const markdownIn = (folder: string): string[] =>
  readdirSync(join(repositoryRoot, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);

const pages = ['README.md', ...markdownIn('docs')].map((path) => ({
  path,
  text: readFileSync(join(repositoryRoot, path), 'utf8'),
}));

const program = new Command('tidemark');
for (const add of allCommands.flatMap(({ commands }) => commands)) {
  add(program);
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

const commandNames = new Set(program.commands.map((command) => command.name()));
const options = new Set([
  '--help',
  '--version',
  ...withSubcommands(program).flatMap((command) =>
    command.options.flatMap(({ short, long }) => [short, long]),
  ),
]);

/** What stands in code: `spans`, and blocks of a shell. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  return [
    ...blocks.map((line) => line.replace(/#.*/, '')),
    ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
  ];
}

test('every command that the pages name exists', () => {
  const named = pages.flatMap(({ path, text }) =>
    codeIn(text).flatMap((code) =>
      [...code.matchAll(/\btidemark ([a-z]+)/g)].map(([, name = '']) => ({ path, name })),
    ),
  );
  assert.ok(named.length > 30);
  assert.deepEqual(
    named.filter(({ name }) => !commandNames.has(name)),
    [],
  );
});

test('every command has its place in a page of docs/', () => {
  const code = pages.filter(({ path }) => path.startsWith('docs/')).flatMap(({ text }) => codeIn(text));
  assert.deepEqual(
    [...commandNames].filter(
      (name) => !code.some((span) => new RegExp(`^(npx )?(tidemark )?${name}\\b`).test(span)),
    ),
    [],
  );
});

test('every option that the pages give to tidemark exists', () => {
  const given = pages.flatMap(({ path, text }) =>
    codeIn(text)
      .filter((code) => !code.startsWith('npm '))
      .flatMap((code) =>
        [...code.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => ({ path, option })),
      ),
  );
  assert.ok(given.length > 20);
  assert.deepEqual(
    given.filter(({ option }) => !options.has(option)),
    [],
  );
});

test('every script that the pages have npm run exists', () => {
  // Those of the extension are run in its folder.
  const scripts = ['package.json', 'extension/package.json'].flatMap((path) => {
    const manifest = JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')) as {
      scripts: Record<string, string>;
    };
    return Object.keys(manifest.scripts);
  });
  const run = pages.flatMap(({ text }) =>
    [...text.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name),
  );
  assert.ok(run.length > 5);
  assert.deepEqual(
    run.filter((name) => !scripts.includes(name)),
    [],
  );
});

test('every link from a page leads to a file that is there', () => {
  const broken = pages.flatMap(({ path, text }) =>
    // What is set as code only looks like a link.
    [...text.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)#]+)[^)]*\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !target.includes('://') && !existsSync(join(repositoryRoot, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(broken, []);
});
