/**
 * Whether mlx-audio takes our checkpoints for its own: its loader accepts each strictly, and its network, quantized by
 * MLX's Python modules from the float32 one, has the same bytes; and whether it takes what `tidemark requantize` makes.
 * Usage: `npm run interop -- [NAME…]`, a name being one of the catalogue's or `requantized`.
 */

import * as v from 'valibot';
import { recipes } from '../../daemon/src/models/recipes.ts';
import { resolveModel } from '../../daemon/src/models/resolve.ts';
import { dataFolder } from '../../daemon/src/paths.ts';
import { ensurePeerPython } from '../bench/venv.ts';
import { askPeer } from './peer.ts';
import { checkRequantized } from './requantized.ts';

const results = v.array(
  v.object({
    name: v.string(),
    tensors: v.number(),
    tensorBytes: v.number(),
    differing: v.array(v.string()),
  }),
);

/** Prints a line for each model; gives whether all have the peer's bytes. */
async function checkCatalogue(python: string, names: readonly string[]): Promise<boolean> {
  const options = { dataFolder: dataFolder() };
  const float32Folder = (await resolveModel('fp32', options)).folder;
  const models = [];
  for (const { name, rest, quantization } of recipes.filter((recipe) => names.includes(recipe.name))) {
    const { folder } = await resolveModel(name, options);
    models.push({ name, rest, bits: quantization?.bits, folder });
  }
  const answers = await askPeer(python, 'peer.py', { job: { float32Folder, models }, schema: results });
  for (const { name, tensors, tensorBytes, differing } of answers) {
    const verdict =
      differing.length === 0
        ? 'the same bytes as the peer makes'
        : `${differing.length} tensors differ, the first ${differing.slice(0, 3).join(', ')}`;
    console.log(`${name}: loaded strictly, ${tensors} tensors, ${tensorBytes} bytes, ${verdict}`);
  }
  return answers.every(({ differing }) => differing.length === 0);
}

const requantized = 'requantized';
const known = [...recipes.map(({ name }) => name), requantized];
const names = process.argv.length > 2 ? process.argv.slice(2) : known;
const stray = names.find((name) => !known.includes(name));
if (stray !== undefined) {
  console.error(`There is nothing named ${stray}: give some of ${known.join(', ')}, or nothing for all.`);
  process.exit(2);
}
const python = await ensurePeerPython((step) => console.error(step));
const isCatalogueWell = names.every((name) => name === requantized) || (await checkCatalogue(python, names));
const areRequantizedWell = !names.includes(requantized) || (await checkRequantized(python));
process.exitCode = isCatalogueWell && areRequantizedWell ? 0 : 1;
