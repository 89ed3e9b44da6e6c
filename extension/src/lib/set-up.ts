/** The way from nothing to this extension with its daemon, as steps to read and as commands to copy. */

import { repository } from '../../package.json';
import { commandInClone } from './chosen-paths.ts';
import { cloneOf, findTidemark, quoted } from './tidemark-command.ts';

/**
 * The page of the repository, from the one place that has its address; undefined where that is no address on the web, as in a
 * clone that nobody has published.
 */
export function repositoryPage({ url }: { readonly url: string } = repository): string | undefined {
  const address = url.replace(/^git\+/, '').replace(/\.git$/, '');
  return /^https?:\/\/[^/]/.test(address) ? address : undefined;
}

/** Gets Tidemark, where it is known from where, and sets it up. */
export function setUpCommand(): string {
  const page = repositoryPage();
  const clone = clonePath();
  if (clone !== undefined) {
    return `cd ${quoted(clone)} && npm run setup`;
  }
  return page === undefined
    ? 'npm run setup'
    : `git clone ${page}.git tidemark && cd tidemark && npm run setup`;
}

/** Brings Tidemark and this extension to the same version. */
export const updateCommand = (): string =>
  `cd ${quoted(clonePath() ?? 'tidemark')} && git pull && npm run setup && cd extension && npm ci && npm run dev`;

function clonePath(): string | undefined {
  const command = findTidemark();
  return command === undefined ? undefined : cloneOf(command);
}

export function setUpText(): string {
  const page = repositoryPage();
  const get = page === undefined ? 'Clone its repository' : `Clone [its repository](${page})`;
  return `${get}, and run \`npm run setup\` in its folder. \`npm start\` does the same, and then studies five models. An
installed package has the command \`tidemark\` too: run \`tidemark setup\`.

It is found in the usual places, such as \`~/tidemark\`. If it is elsewhere, enter the absolute path to
\`${commandInClone}\` in the clone in this extension's preferences. Choose a data folder only if you run Tidemark with
\`TIDEMARK_HOME\`. To update this extension, run \`npm run dev\` in the folder \`extension\`, or use **Import Extension** in Raycast
with that folder.
`;
}
