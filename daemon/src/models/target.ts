/** What a person means by a model: a name of the catalogue, a folder, or a repository on a hub. */

import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { quoted } from '@tidemark/shared/printable.ts';
import { isBelow } from '../files/below.ts';
import { didYouMean } from './nearest.ts';
import { recipes } from './recipes.ts';
import type { Recipe } from './recipes.ts';

type ModelTarget =
  | { readonly kind: 'packaged'; readonly recipe: Recipe }
  /** An absolute path; nothing need be there. */
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
 * Tells the three apart: names of the catalogue first, then absolute paths and those in the home folder, then repository ids.
 * Throws 'unknown-model', with the nearest name, for anything else: also for a relative path, since a daemon is in no folder of
 * the person's. The command line makes it absolute first.
 */
export function parseTarget(spec: string): ModelTarget {
  const recipe = recipes.find(({ name }) => name === spec);
  if (recipe !== undefined) {
    return { kind: 'packaged', recipe };
  }
  if (hasControls(spec)) {
    throw unknownModel(spec);
  }
  if (looksLikePath(spec)) {
    return { kind: 'path', path: absolutePath(spec, 'unknown-model', 'the path of the folder') };
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

/** Whether it cannot be but a path: what has a slash only further on may be a repository. */
export const looksLikePath = (spec: string): boolean => /^(\/|\.{1,2}(\/|$)|~(\/|$))/.test(spec);

/** A shell leaves a ~ as it is after `--out=`, and where it is quoted. */
export const withHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());

/** No name of anything has one, and the system takes no path with a NUL. */
// eslint-disable-next-line no-control-regex -- these are the controls that are meant
export const hasControls = (spec: string): boolean => /[\u0000-\u001f\u007f]/.test(spec);

/** Throws an error of that code for a path that is relative. */
export function absolutePath(given: string, code: 'unknown-model' | 'unknown-voice', what: string): string {
  const path = withHome(given);
  if (!isAbsolute(path)) {
    throw new TidemarkError(
      code,
      `${quoted(given)} is a relative path, which is not the same for the daemon.`,
      {
        hint: `Give ${what} from / on.`,
      },
    );
  }
  return resolve(path);
}

function unknownModel(spec: string): TidemarkError {
  const names = recipes.map(({ name }) => name);
  const message = `There is no model named ${quoted(spec)}.${didYouMean(spec, names)}`;
  return new TidemarkError('unknown-model', message, {
    hint: `Use a name (${names.join(', ')}), a repository id (owner/name), or the path of a checkpoint folder.`,
  });
}
