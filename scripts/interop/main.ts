/**
 * Whether mlx-audio takes our checkpoints for its own: its loader accepts each strictly, and its network, quantized by
 * MLX's Python modules from the float32 one, has the same bytes. Usage: `node scripts/interop/main.ts [NAME…]`.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { recipes } from '../../daemon/src/models/recipes.ts';
import { resolveModel } from '../../daemon/src/models/resolve.ts';
import { dataFolder } from '../../daemon/src/paths.ts';
import { ensurePeerPython } from '../bench/venv.ts';

const resultSchema = v.array(
  v.object({
    name: v.string(),
    tensors: v.number(),
    tensorBytes: v.number(),
    differing: v.array(v.string()),
  }),
);

const names = process.argv.length > 2 ? process.argv.slice(2) : recipes.map(({ name }) => name);
const options = { dataFolder: dataFolder() };
const float32Folder = (await resolveModel('fp32', options)).folder;
const models = [];
for (const { name, rest, quantization } of recipes.filter((recipe) => names.includes(recipe.name))) {
  const { folder } = await resolveModel(name, options);
  models.push({ name, rest, bits: quantization?.bits, folder });
}

const python = await ensurePeerPython((step) => console.error(step));
const peer = spawn(python, [join(import.meta.dirname, 'peer.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
peer.stdin.end(JSON.stringify({ float32Folder, models }));
const closed = once(peer, 'close');
const output = await text(peer.stdout);
await closed;
if (peer.exitCode !== 0) {
  throw new Error('the peer could not load the checkpoints; see above');
}
for (const { name, tensors, tensorBytes, differing } of v.parse(
  v.pipe(v.string(), v.parseJson(), resultSchema),
  output,
)) {
  const verdict =
    differing.length === 0
      ? 'the same bytes as the peer makes'
      : `${differing.length} tensors differ, the first ${differing.slice(0, 3).join(', ')}`;
  console.log(`${name}: loaded strictly, ${tensors} tensors, ${tensorBytes} bytes, ${verdict}`);
  if (differing.length > 0) {
    process.exitCode = 1;
  }
}
