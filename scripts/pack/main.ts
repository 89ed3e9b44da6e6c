/** `npm run pack`: Tidemark, with all that it needs, for a machine that has no network. */

import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidArgumentError } from 'commander';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration } from '@tidemark/shared/format/numbers.ts';
import { bytesValue } from '../../daemon/src/cli/values.ts';
import { runScript } from '../run-script.ts';
import { backendOf } from '../setup/backend.js';
import { layoutOf } from '../setup/layout.js';
import { platformOf, thisMachine } from '../setup/platform.js';
import { StepLines } from '../setup/step-lines.js';
import { stage } from './stage.ts';
import { writeParts, writeUnpackScript } from './parts.ts';

const usage = `Writes Tidemark, with Node, its packages, MLX, the addon, weights, voices, and pronunciations, as an archive in parts
with a script that checks and unpacks them on a machine that has no network.

Usage: npm run pack -- [options]

  --backend NAME    cpu or cuda (default: the one of this machine); NVIDIA's own libraries are not packed
  --part-size SIZE  the most that a part has, for example 60MB (default 1GB)
  --out FOLDER      where the parts go (default build/pack/parts)
`;

const { values } = parseArgs({
  options: {
    backend: { type: 'string' },
    'part-size': { type: 'string', default: '1GB' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** In bytes; undefined where it is none, which has been said then. */
function partSize(): number | undefined {
  try {
    return bytesValue(values['part-size']);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) {
      throw error;
    }
    console.error(`--part-size: ${error.message}`);
    process.exitCode = 2;
    return undefined;
  }
}

async function pack(signal: AbortSignal): Promise<void> {
  const partBytes = partSize();
  if (partBytes === undefined) {
    return;
  }
  const startedAt = performance.now();
  const machine = thisMachine();
  const platform = platformOf(machine);
  const { backend: asked = process.env['TIDEMARK_BACKEND'] } = values;
  const backend = backendOf(platform, asked === undefined ? {} : { TIDEMARK_BACKEND: asked });
  const layout = layoutOf();
  const context = { layout, machine, platform, backend, env: process.env, tools: {}, signal };
  const folder = join(layout.build, 'pack', 'tidemark');
  const out = values.out ?? join(layout.build, 'pack', 'parts');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  try {
    console.error(`Laying out Tidemark with MLX's ${backend} backend in ${relative('.', folder)}`);
    await stage(folder, context, new StepLines(process.stderr));
    console.error(`Writing parts of up to ${formatBytes(partBytes)}`);
    const parts = await writeParts(folder, out, { partBytes, signal });
    writeUnpackScript(out, parts, backend);
    const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { name, bytes, sha256 } of parts) {
      console.log(`${name}  ${formatBytes(bytes)}  ${sha256}`);
    }
    console.log(
      `${formatBytes(total)} in ${parts.length} part${parts.length === 1 ? '' : 's'}, in ${formatDuration((performance.now() - startedAt) / 1000)}. ` +
        `Copy ${relative('.', out)} to the other machine and run unpack.sh there.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runScript({ help: values.help, usage, interrupted: 'Packing was interrupted.' }, pack);
