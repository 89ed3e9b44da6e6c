/** Reads the tensors of mlx-audio's network that parity is judged by. */

import { readFileSync } from 'node:fs';
import { array, transpose } from '../src/mlx/ops.ts';
import type { Tensor } from '../src/mlx/tensor.ts';

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export class Reference {
  readonly metadata: Readonly<Record<string, string>>;
  readonly #bytes: Buffer;
  readonly #entries: Readonly<Record<string, Entry>>;
  readonly #dataStart: number;

  /** One of the safetensors files in `fixtures`, by its name without the ending. */
  constructor(name: string) {
    this.#bytes = readFileSync(new URL(`./fixtures/${name}.safetensors`, import.meta.url));
    this.#dataStart = 8 + Number(this.#bytes.readBigUInt64LE(0));
    const header = JSON.parse(this.#bytes.toString('utf8', 8, this.#dataStart)) as Record<string, Entry> & {
      __metadata__: Record<string, string>;
    };
    const { __metadata__, ...entries } = header;
    this.metadata = __metadata__;
    this.#entries = entries;
  }

  shape(name: string): readonly number[] {
    return this.#entry(name).shape;
  }

  numbers(name: string): Float32Array {
    return new Float32Array(this.#data(name, 'F32'));
  }

  integers(name: string): Int32Array {
    return new Int32Array(this.#data(name, 'I32'));
  }

  /** The dtype that a tensor had when mlx-audio ran, by MLX's name. */
  dtypeAtRunTime(name: string): string | undefined {
    const dtypes = JSON.parse(this.metadata['dtypes'] ?? '{}') as Record<string, string>;
    return dtypes[name]?.replace('mlx.core.', '');
  }

  /** A tensor of the caller's scope. */
  tensor(name: string): Tensor {
    const { dtype, shape } = this.#entry(name);
    return dtype === 'I32' ? array(this.integers(name), shape, 'int32') : array(this.numbers(name), shape);
  }

  /** The same with its last two axes exchanged: mlx-audio keeps channels before time, this network after. */
  channelsLast(name: string): Tensor {
    return transpose(this.tensor(name), [0, 2, 1]);
  }

  #entry(name: string): Entry {
    const entry = this.#entries[name];
    if (entry === undefined) {
      throw new Error(`the reference has no tensor ${name}`);
    }
    return entry;
  }

  #data(name: string, dtype: string): ArrayBuffer {
    const entry = this.#entry(name);
    if (entry.dtype !== dtype) {
      throw new TypeError(`${name} is ${entry.dtype}, not ${dtype}`);
    }
    const [start, end] = entry.data_offsets;
    return Uint8Array.from(this.#bytes.subarray(this.#dataStart + start, this.#dataStart + end)).buffer;
  }
}
