/** Which token each frame belongs to. */

/**
 * Durations in frames → the index of each frame's token: [2, 1, 3] → [0, 0, 1, 2, 2, 2].
 *
 * mlx-audio multiplies by a matrix of zeros and ones instead; gathering by these indices gives the same numbers.
 */
export function alignmentIndices(durations: Int32Array): Int32Array {
  const frameCount = durations.reduce((sum, duration) => sum + duration, 0);
  const indices = new Int32Array(frameCount);
  let frame = 0;
  durations.forEach((duration, token) => {
    indices.fill(token, frame, frame + duration);
    frame += duration;
  });
  return indices;
}
