/** A folder as one compressed archive in parts, with a script that checks them and unpacks them. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { once } from 'node:events';
import type { Backend } from '../setup/backend.js';

export interface Part {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * Writes `folder`, with its name, as a gzipped tar archive in parts of at most `partBytes` into `out`. Throws where tar fails,
 * and Node's own errors.
 */
export async function writeParts(
  folder: string,
  out: string,
  { partBytes, signal }: { readonly partBytes: number; readonly signal: AbortSignal },
): Promise<Part[]> {
  const tar = spawn('tar', ['-C', dirname(folder), '-czf', '-', basename(folder)], {
    signal,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(tar, 'close') as Promise<[number | null]>;
  const parts: Part[] = [];
  let part = await newPart(out, parts.length);
  for await (const chunk of tar.stdout as AsyncIterable<Buffer>) {
    for (let start = 0; start < chunk.byteLength;) {
      if (part.bytes === partBytes) {
        parts.push(await part.end());
        part = await newPart(out, parts.length);
      }
      const piece = chunk.subarray(start, start + partBytes - part.bytes);
      await part.write(piece);
      start += piece.byteLength;
    }
  }
  parts.push(await part.end());
  const [code] = await ended;
  if (code !== 0) {
    throw new Error(`tar ended with ${code ?? 'a signal'}`);
  }
  return parts;
}

async function newPart(out: string, index: number) {
  const name = `tidemark.tar.gz.${String(index + 1).padStart(2, '0')}`;
  const file = await open(join(out, name), 'wx');
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    write: async (piece: Buffer): Promise<void> => {
      await file.writeFile(piece);
      hash.update(piece);
      bytes += piece.byteLength;
    },
    end: async (): Promise<Part> => {
      await file.close();
      return { name, bytes, sha256: hash.digest('hex') };
    },
  };
}

/** Writes `unpack.sh` beside the parts: it needs a shell, tar, gzip, and `sha256sum` or `shasum`, and nothing else. */
export function writeUnpackScript(out: string, parts: readonly Part[], backend: Backend): void {
  const path = join(out, 'unpack.sh');
  const sums = parts.map(({ name, sha256 }) => `${sha256}  ${name}`);
  const names = parts.map(({ name }) => name).join(' ');
  writeFileSync(
    path,
    `#!/bin/sh
# Checks the parts of Tidemark (${backend} backend) that lie beside this script, and unpacks them: sh unpack.sh [FOLDER]

set -eu
target=\${1:-$HOME}
mkdir -p "$target"
target=$(CDPATH='' cd "$target" && pwd)
cd "$(dirname "$0")"

for part in ${names}; do
  if [ ! -f "$part" ]; then
    printf 'unpack.sh: %s is missing. Copy all ${parts.length} parts into %s, then run this again.\\n' "$part" "$PWD" >&2
    exit 1
  fi
done
if command -v sha256sum >/dev/null; then check='sha256sum -c -'; else check='shasum -a 256 -c -'; fi
$check >/dev/null <<'SUMS' || { echo 'unpack.sh: a part differs from the one that was packed. Copy it again.' >&2; exit 1; }
${sums.join('\n')}
SUMS

rm -rf "$target/tidemark.partial"
mkdir "$target/tidemark.partial"
cat ${names} | tar -xzf - -C "$target/tidemark.partial"
rm -rf "$target/tidemark"
mv "$target/tidemark.partial/tidemark" "$target/tidemark"
rmdir "$target/tidemark.partial"
cd "$target/tidemark"
TIDEMARK_BACKEND=${backend} node_modules/.bin/node scripts/setup/main.js
printf 'Tidemark is in %s. Try: %s/node_modules/.bin/tidemark doctor\\n' "$PWD" "$PWD"
`,
  );
  chmodSync(path, 0o755);
}
