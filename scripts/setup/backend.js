/** Which of MLX's backends is set up: what this machine has, or what TIDEMARK_BACKEND says. */

import { existsSync, readFileSync } from 'node:fs';
import { SetupFailure } from './failures.js';

/** @typedef {'cpu' | 'cuda' | 'metal'} Backend */
/** @typedef {import('./platform.js').Platform} Platform */

/** @type {Record<Platform, readonly Backend[]>} the first is what a machine without a usable GPU gets */
const possible = { 'linux-x64': ['cpu', 'cuda'], 'darwin-arm64': ['metal'] };

/** The oldest driver for CUDA 13, from NVIDIA's release notes of CUDA 13.0. */
export const oldestDriver = 580;

const driverFile = '/proc/driver/nvidia/version';

/**
 * @param {Platform} platform
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} [driver] the major version of NVIDIA's driver, undefined where there is none
 * @returns {Backend}
 * @throws {SetupFailure} for a backend that there is not, or not on this platform
 */
export function backendOf(platform, env, driver = driverVersion()) {
  const choices = possible[platform];
  const asked = env['TIDEMARK_BACKEND']?.trim() ?? '';
  if (asked === '') {
    return choices.includes('cuda') && Number.parseInt(driver ?? '0', 10) >= oldestDriver
      ? 'cuda'
      : (choices[0] ?? 'cpu');
  }
  const chosen = choices.find((backend) => backend === asked);
  if (chosen === undefined) {
    throw new SetupFailure(
      `TIDEMARK_BACKEND is ${asked}, but on ${platform} it can be ${choices.join(' or ')}.`,
      'Unset TIDEMARK_BACKEND to let set-up choose, or set it to one of these.',
    );
  }
  return chosen;
}

/**
 * @param {string} [file] what the driver's kernel module says of itself
 * @returns {string | undefined} as "580.159.04"
 */
export function driverVersion(file = driverFile) {
  if (!existsSync(file)) {
    return undefined;
  }
  return / (\d{3,}\.\d+(?:\.\d+)?) /.exec(readFileSync(file, 'utf8'))?.[1];
}
