/** The rule by which one of MLX's settings is the best trade, and the sentences about it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleProfile } from '../../test/example-documents.ts';
import type { MlxSettings } from '../protocol/mlx-settings.ts';
import { applyWords, judgeTuning, tuningNotes } from './tuning.ts';
import type { MeasuredSetting } from './tuning.ts';

const MB = 1e6;

/** Of each round the peaks in MB and the times, every iteration alike. */
const setting = (mlx: MlxSettings, peaks: readonly number[], times: readonly number[]): MeasuredSetting => ({
  mlx,
  sameAudio: true,
  rounds: peaks.map((peak, round) => ({
    round,
    peakBytes: [peak * MB, peak * MB],
    seconds: [times[round] ?? 1, times[round] ?? 1],
  })),
});

const own = setting({}, [467, 467], [0.19, 0.19]);

describe('the best trade', () => {
  test('has the lowest product of peak and time, as on an H100', () => {
    const { points, knee, conclusion } = judgeTuning([
      own,
      setting({ opsPerBuffer: 1 }, [298, 298], [0.3, 0.3]),
      setting({ opsPerBuffer: 5 }, [336, 336], [0.2375, 0.2375]),
      setting({ opsPerBuffer: 50 }, [399, 399], [0.23, 0.23]),
    ]);
    assert.deepEqual(knee === undefined ? undefined : points[knee]?.mlx, { opsPerBuffer: 5 });
    assert.match(
      conclusion,
      /The best trade is MLX_MAX_OPS_PER_BUFFER=5: 28% off the peak, 25% more time \(336\.0 MB instead of 467\.0 MB\)\./,
    );
    assert.match(
      conclusion,
      /The lowest peak has MLX_MAX_OPS_PER_BUFFER=1: 36% off the peak, 58% more time\./,
    );
    assert.deepEqual(
      points.map(({ onFront }) => onFront),
      [true, true, true, true],
    );
  });

  test('is the lower peak of two whose products are within 2%', () => {
    const { points, knee } = judgeTuning([
      own,
      setting({ bfsWidth: 5 }, [420, 420], [0.19, 0.19]),
      setting({ bfsWidth: 1 }, [380, 380], [0.2115, 0.2115]),
    ]);
    assert.deepEqual(knee === undefined ? undefined : points[knee]?.mlx, { bfsWidth: 1 });
  });

  test('is of one machine: one that slows down from round to round changes no ratio', () => {
    const slowing = [setting({}, [400, 400], [1, 3]), setting({ bfsWidth: 1 }, [300, 300], [1.1, 3.3])];
    const point = judgeTuning(slowing).points[1];
    assert.ok(Math.abs((point?.timeRatio.maximum ?? 0) - 1.1) < 1e-9);
    assert.ok(Math.abs((point?.timeRatio.minimum ?? 0) - 1.1) < 1e-9);
  });

  test('does not count time that a setting seems to save', () => {
    const { points, knee } = judgeTuning([
      own,
      setting({ bfsWidth: 2 }, [420, 420], [0.1, 0.1]),
      setting({ bfsWidth: 1 }, [380, 380], [0.19, 0.19]),
    ]);
    assert.deepEqual(knee === undefined ? undefined : points[knee]?.mlx, { bfsWidth: 1 });
  });

  test('names the range of times that differ between rounds, and says what to do about it', () => {
    const { points, conclusion } = judgeTuning([own, setting({ bfsWidth: 1 }, [300, 300], [0.19, 0.266])]);
    assert.match(conclusion, /36% off the peak, 20% more time \(100% to 140% of MLX's own over the rounds\)/);
    const device = exampleProfile().device;
    assert.match(
      tuningNotes({ device, points }).join(' '),
      /unsteady: those of 1 setting differ .* --rounds/,
    );
    const steady = judgeTuning([own, setting({ bfsWidth: 1 }, [300, 300], [0.2, 0.2])]);
    assert.deepEqual(tuningNotes({ ...steady, device: { ...device, type: 'gpu' } }), []);
  });

  test('takes the faster iterations of a process for its time', () => {
    const rounds = [{ round: 0, peakBytes: [300 * MB], seconds: [0.2, 0.2, 0.9, 0.2, 0.9] }];
    const [, point] = judgeTuning([
      setting({}, [467], [0.2]),
      { mlx: { bfsWidth: 1 }, sameAudio: true, rounds },
    ]).points;
    assert.ok(Math.abs((point?.timeRatio.median ?? 0) - 1) < 1e-9);
  });

  test('does not exist where no setting lowers the peak in every round by 2%', () => {
    const { knee, conclusion } = judgeTuning([
      own,
      setting({ bfsWidth: 1 }, [380, 470], [0.19, 0.19]),
      setting({ bfsWidth: 5 }, [462, 462], [0.1, 0.1]),
    ]);
    assert.equal(knee, undefined);
    assert.match(conclusion, /^No setting helps: none lowers the peak/);
  });

  test('does not exist where what lowers the peak adds a larger share of time', () => {
    const { knee, conclusion } = judgeTuning([own, setting({ bfsWidth: 1 }, [400, 400], [0.3, 0.3])]);
    assert.equal(knee, undefined);
    assert.match(
      conclusion,
      /^No setting is a good trade: .* MLX_BFS_MAX_WIDTH=1: 14% off the peak, 58% more time\.$/,
    );
  });

  test('says where the speech is another', () => {
    const other = { ...setting({ bfsWidth: 1 }, [300, 300], [0.19, 0.19]), sameAudio: false };
    assert.match(
      judgeTuning([own, other]).conclusion,
      /36% off the peak, no more time .* not the same to the bit\.$/,
    );
  });
});

test('a point that another one beats in both is not on the front', () => {
  const { points } = judgeTuning([
    own,
    setting({ bfsWidth: 1 }, [300, 300], [0.19, 0.19]),
    setting({ bfsWidth: 2 }, [320, 320], [0.2, 0.2]),
  ]);
  assert.deepEqual(
    points.map(({ onFront }) => onFront),
    [false, true, false],
  );
});

test('a round without MLX by itself cannot be judged', () => {
  assert.throws(() => judgeTuning([own, setting({ bfsWidth: 1 }, [300, 300, 300], [1, 1, 1])]), RangeError);
});

test('a variable works in any program, and a memory limit is a call', () => {
  assert.match(
    applyWords({ mlx: { opsPerBuffer: 5, bfsWidth: 1 } }),
    /MLX_MAX_OPS_PER_BUFFER=5 MLX_BFS_MAX_WIDTH=1 in its environment/,
  );
  assert.match(applyWords({ mlx: { memoryLimitBytes: 250 * MB } }), /mx\.set_memory_limit\(250000000\)/);
});
