import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { writeTensors } from '../../test/checkpoint-of.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { array, zeros } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { liveTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { Voice } from './voice.ts';

/** Runs `body` with the path of a file that holds these tensors. */
function withFile(make: () => Record<string, Tensor>, body: (path: string) => void): void {
  const folder = temporaryFolder();
  const path = join(folder, 'voice.safetensors');
  scope(() => writeTensors(path, Object.entries(make())));
  body(path);
}

test('a voice gives row n − 1 for n phonemes', () => {
  withFile(
    () => ({ voice: array([1, 2, 3, 4, 5, 6], [3, 1, 2]) }),
    (path) => {
      using voice = Voice.load(path);
      scope(() => {
        assert.deepEqual(voice.styleFor(1).shape, [1, 2]);
        assert.deepEqual([...voice.styleFor(1).toTypedArray()], [1, 2]);
        assert.deepEqual([...voice.styleFor(3).toTypedArray()], [5, 6]);
      });
    },
  );
});

test('a voice has no style for no phonemes, or for more than it has rows', () => {
  withFile(
    () => ({ voice: zeros([3, 1, 2]) }),
    (path) => {
      using voice = Voice.load(path);
      for (const count of [0, 4, 1.5, NaN]) {
        assert.throws(
          () => voice.styleFor(count),
          (error) => error instanceof TidemarkError && error.code === 'bad-text',
        );
      }
    },
  );
});

test('a file without a voice, or with one of another shape, is refused and freed', () => {
  const live = liveTensors();
  withFile(
    () => ({ other: zeros([3]) }),
    (path) => assert.throws(() => Voice.load(path), /has no tensor named "voice"/),
  );
  withFile(
    () => ({ voice: zeros([3, 2]) }),
    (path) => assert.throws(() => Voice.load(path), /of shape \[3, 2\], not \[lengths, 1, style\]/),
  );
  withFile(
    () => ({ voice: zeros([3, 1, 2], 'int32') }),
    (path) =>
      assert.throws(() => Voice.load(path), /a voice of the dtype int32, not of a floating-point one/),
  );
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'x.safetensors'), 'nothing');
  assert.throws(() => Voice.load(join(folder, 'x.safetensors')), /not a readable safetensors file/);
  writeFileSync(join(folder, 'y.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n');
  assert.throws(() => Voice.load(join(folder, 'y.safetensors')), {
    code: 'bad-checkpoint',
    message: /y\.safetensors is not (JSON|a safetensors file) but a Git LFS pointer/,
    hint: /git lfs pull/,
  });
  assert.throws(() => Voice.load(join(folder, 'none')), /not a readable safetensors file/);
  assert.equal(liveTensors(), live);
});
