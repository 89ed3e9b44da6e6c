/** Reads a profile or a study that was kept as JSON. */

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { parseRunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';

/** `-` is stdin. Throws a TidemarkError: 'bad-document'. */
export async function readRunDocument(path: string): Promise<RunDocument> {
  return path === '-'
    ? parseRunDocument(await text(process.stdin), 'What came on stdin')
    : parseRunDocument(await contentOf(path), path);
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new TidemarkError('bad-document', sentenceOf(code, path) ?? `${path} cannot be read: ${message}.`, {
      hint: 'Give a file that `tidemark profile --json` or `tidemark study --json` wrote, or - for stdin.',
      cause,
    });
  }
}

function sentenceOf(code: string, path: string): string | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `There is no file ${path}.`;
    case 'EISDIR':
      return `${path} is a folder.`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read: permission is denied.`;
    case 'ERR_FS_FILE_TOO_LARGE':
    case 'ERR_STRING_TOO_LONG':
      return `${path} is too large to be a document of Tidemark.`;
    default:
      return undefined;
  }
}
