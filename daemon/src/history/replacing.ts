/**
 * Puts a new history in the place of a damaged one: the new file is made whole beside it before the old one moves, and what a
 * crash or a full disk cuts short is finished at the next opening.
 */

import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { faultOf } from '@tidemark/shared/client/ownership.ts';
import * as v from 'valibot';
import { replaceFileNow, syncFolderNow } from '../files/durable.ts';
import { refuse } from '../files/own.ts';
import { storageError } from '../files/storage-errors.ts';
import { connect } from './connect.ts';
import { Database } from './database.ts';
import { noteMissingWords } from './run-search.ts';
import { salvage } from './salvage.ts';
import type { Salvaged } from './salvage.ts';

export interface SetAside {
  /** Where the damaged file is now. */
  readonly path: string;
  /** What is wrong with it, as a clause. */
  readonly reason: string;
  /** How much of it could be read, and is in the new one. */
  readonly saved: Salvaged;
}

/** Lies beside the history from the decision to replace it until that was told. */
const planSchema = v.object({
  path: v.string(),
  reason: v.string(),
  /** Absent until the new file is whole. */
  saved: v.exactOptional(v.object({ runs: v.number(), schedules: v.number(), alerts: v.number() })),
});

type Plan = v.InferOutput<typeof planSchema>;

export const planPath = (path: string): string => `${path}.replacing`;
const freshPath = (path: string): string => `${path}.fresh`;

/** Whether a replacement was begun that is not finished. */
export const isBeingReplaced = (path: string): boolean => existsSync(planPath(path));

/** Replaces the file at `path` and tells of it. Throws a TidemarkError, 'not-writable', and leaves the old file then. */
export function replaceDamaged(
  path: string,
  reason: string,
  { at, onSetAside }: { readonly at: Date; readonly onSetAside: (setAside: SetAside) => void },
): void {
  const stamp = at.toISOString().replace(/[:.]/g, '-');
  try {
    writePlan(path, { path: freeName(`${path}.damaged-${stamp}`), reason });
  } catch (error) {
    throw storageError(error, path);
  }
  finishReplacing(path, onSetAside);
}

/** Finishes what {@link replaceDamaged} began, in whatever state a crash left it. Does nothing where nothing was begun. */
export function finishReplacing(path: string, onSetAside: (setAside: SetAside) => void): void {
  if (!isBeingReplaced(path)) {
    return;
  }
  try {
    refuse(faultOf(planPath(path), 'file'));
    const plan = readPlan(path);
    if (plan === undefined) {
      // The disk lost what the plan said; the file that is there is examined like any other.
      rmSync(planPath(path));
      return;
    }
    onSetAside(carryOut(path, plan));
    rmSync(planPath(path));
  } catch (error) {
    throw storageError(error, path);
  }
}

function carryOut(path: string, plan: Plan): SetAside {
  const fresh = freshPath(path);
  let { saved } = plan;
  if (saved === undefined) {
    removeDatabase(fresh);
    // A crash between its two moves cannot have come before the new file was whole, so the old one is where it was.
    saved = makeFresh(fresh, path);
    writePlan(path, { ...plan, saved });
  }
  if (existsSync(fresh)) {
    // With its log and the log's index: without them the file may lack what was written last.
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix) && !existsSync(plan.path + suffix)) {
        renameSync(path + suffix, plan.path + suffix);
      }
    }
    renameSync(fresh, path);
    syncFolderNow(path);
  }
  return { path: plan.path, reason: plan.reason, saved };
}

/** A whole history in one file, without a log, with all that can be read of the one at `from`. */
function makeFresh(path: string, from: string): Salvaged {
  using database = new Database(path, connect(path));
  const saved = salvage(from, database);
  database.use(noteMissingWords);
  return saved;
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(path + suffix, { force: true });
  }
}

const writePlan = (path: string, plan: Plan): void => replaceFileNow(planPath(path), JSON.stringify(plan));

function readPlan(path: string): Plan | undefined {
  const result = v.safeParse(
    v.pipe(v.string(), v.parseJson(), planSchema),
    readFileSync(planPath(path), 'utf8'),
  );
  return result.success ? result.output : undefined;
}

function freeName(path: string): string {
  for (let attempt = 1; ; attempt += 1) {
    const candidate = attempt === 1 ? path : `${path}-${attempt}`;
    if (!existsSync(candidate)) {
      return candidate;
    }
  }
}
