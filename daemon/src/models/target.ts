/** What a person means by a model: a name of the catalogue, a folder, or a repository on a hub. */

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { quoted } from '@tidemark/shared/printable.ts';
import { isBelow } from '../files/below.ts';
import { didYouMean } from './nearest.ts';
import { recipes } from './recipes.ts';
import type { Recipe } from './recipes.ts';

type ModelTarget =
  | { readonly kind: 'packaged'; readonly recipe: Recipe }
  /** An absolute path that the person wrote as a path or that is there; it need not exist. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'hub'; readonly repository: string; readonly revision: string };

/** `owner/name`, and a branch, tag or commit after an @. */
const repositoryPattern = /^(?<repository>[\w.-]+\/[\w.-]+)(@(?<revision>[\w./-]+))?$/;

/** The rules of huggingface_hub's `validate_repo_id`; `--` stands for the slash in the names of the cache's folders. */
const isRepository = (id: string): boolean =>
  !/--|\.\./.test(id) && id.split('/').every((part) => /^\w([\w.-]*\w)?$/.test(part));

/** What `git check-ref-format` allows of the pattern's characters. */
const isRevision = (revision: string): boolean =>
  isBelow(revision) &&
  !/\.\.|\.$/.test(revision) &&
  revision.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));

/**
 * Tells the three apart: names of the catalogue first, then paths (what starts like one or exists), then repository ids.
 * Throws 'unknown-model', with the nearest name, for anything else.
 */
export function parseTarget(spec: string): ModelTarget {
  const recipe = recipes.find(({ name }) => name === spec);
  if (recipe !== undefined) {
    return { kind: 'packaged', recipe };
  }
  if (/^(\/|\.{1,2}(\/|$)|~(\/|$))/.test(spec) || exists(spec)) {
    return { kind: 'path', path: resolve(spec.replace(/^~(?=\/|$)/, homedir())) };
  }
  const { repository, revision } = repositoryPattern.exec(spec)?.groups ?? {};
  if (repository !== undefined && isRepository(repository)) {
    if (revision !== undefined && !isRevision(revision)) {
      const message = `${quoted(revision)} cannot be a revision of ${repository}.`;
      throw new TidemarkError('unknown-model', message, {
        hint: 'After the @, give a branch, a tag, or a commit, or leave the revision out for the branch main.',
      });
    }
    return { kind: 'hub', repository, revision: revision ?? 'main' };
  }
  throw unknownModel(spec);
}

const exists = (path: string): boolean =>
  path !== '' && statSync(path, { throwIfNoEntry: false }) !== undefined;

function unknownModel(spec: string): TidemarkError {
  const names = recipes.map(({ name }) => name);
  const message = `There is no model named ${quoted(spec)}.${didYouMean(spec, names)}`;
  return new TidemarkError('unknown-model', message, {
    hint: `Use a name (${names.join(', ')}), a repository id (owner/name), or the path of a checkpoint folder.`,
  });
}
