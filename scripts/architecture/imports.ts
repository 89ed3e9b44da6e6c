/** Which source file imports which, types included, by TypeScript's own reading of them, and which it starts as a process. */

import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

/** For each file, by its path from the repository, the files of the repository that it imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

export interface References {
  readonly imports: Imports;
  /** The entries of the processes that each file starts. */
  readonly starts: Imports;
}

/** Reads all sources under the folders, which are paths from the repository's root, as the results are. */
export async function readReferences(root: string, folders: readonly string[]): Promise<References> {
  const listed = await Promise.all(folders.map((folder) => sourcesIn(root, folder)));
  const files = new Set(listed.flat());
  const imports = new Map<string, readonly string[]>();
  const starts = new Map<string, readonly string[]>();
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const resolved = (specifiers: readonly string[]): string[] => {
      const targets = specifiers.map((specifier) => resolveSpecifier(file, specifier));
      return [...new Set(targets.filter((target) => target !== undefined && files.has(target)))] as string[];
    };
    imports.set(
      file,
      resolved(ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)),
    );
    const urls = [...text.matchAll(/new URL\('([^']+)', import\.meta\.url\)/g)].map(([, path = '']) => path);
    starts.set(file, resolved(urls.map((path) => (path.startsWith('.') ? path : `./${path}`))));
  }
  return { imports, starts };
}

async function sourcesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|tsx|js|mjs|mts)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !file.includes('node_modules/'));
}

/** The path from the root; undefined for a package of somebody else. */
function resolveSpecifier(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    return posix.join(dirname(importer), specifier);
  }
  const own = /^@tidemark\/(?:shared|client)\/(?:(test)(?:ing)?\/)?(.+?)(?:\.ts)?$/.exec(specifier);
  return own === null ? undefined : `shared/${own[1] ?? 'src'}/${own[2]}.ts`;
}

/** The circles of files that import each other, each once: the strongly connected parts of more than one file (Tarjan 1972). */
export function circlesIn(imports: Imports): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    const index = order.size;
    order.set(file, index);
    open.push(file);
    let low = index;
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) {
        low = Math.min(low, visit(target));
      } else if (open.includes(target)) {
        low = Math.min(low, order.get(target) ?? low);
      }
    }
    if (low === index) {
      const part = open.splice(open.indexOf(file));
      if (part.length > 1) {
        circles.push(part.sort());
      }
    }
    return low;
  };
  for (const file of imports.keys()) {
    if (!order.has(file)) {
      visit(file);
    }
  }
  return circles;
}
