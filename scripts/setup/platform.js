/** The platforms that Tidemark runs on, and why another one is refused. */

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import process from 'node:process';
import { SetupFailure } from './failures.js';

/** @typedef {'linux-x64' | 'darwin-arm64'} Platform */

/**
 * @typedef {object} Machine
 * @property {string} platform `process.platform`
 * @property {string} arch `process.arch`
 * @property {string} [glibc] the C library's version; absent when it is another C library
 * @property {string} kernel `os.release()`
 */

/** @returns {Machine} this machine */
export function thisMachine() {
  const machine = { platform: process.platform, arch: process.arch, kernel: release() };
  const glibc = process.platform === 'linux' ? glibcVersion() : undefined;
  return glibc === undefined ? machine : { ...machine, glibc };
}

function glibcVersion() {
  // Without this the report looks up the names of every open connection's peers.
  /** @type {typeof process.report & {excludeNetwork?: boolean}} */ (process.report).excludeNetwork = true;
  const { header } = /** @type {{header: {glibcVersionRuntime?: string}}} */ (process.report.getReport());
  return header.glibcVersionRuntime;
}

/**
 * The platform's name in the pins.
 *
 * @param {Machine} machine
 * @returns {Platform}
 * @throws {SetupFailure} saying what Tidemark needs instead
 */
export function platformOf(machine) {
  const { platform, arch } = machine;
  if (platform === 'darwin' && arch === 'arm64') {
    // Darwin 23 is macOS 14, the oldest that MLX's wheel is built for.
    if (Number.parseInt(machine.kernel, 10) < 23) {
      throw new SetupFailure(
        'MLX needs macOS 14 or newer.',
        'Update macOS, then run the same command again.',
      );
    }
    return 'darwin-arm64';
  }
  if (platform === 'linux' && arch === 'x64') {
    // MLX's wheel is tagged manylinux_2_35.
    if (machine.glibc === undefined || olderThan(machine.glibc, 2, 35)) {
      const found =
        machine.glibc === undefined ? 'this one has another C library' : `this is ${machine.glibc}`;
      throw new SetupFailure(
        `MLX's Linux wheel needs a Linux with glibc 2.35 or newer, and ${found}.`,
        'Use Ubuntu 22.04, Debian 12, Fedora 36 or anything newer.',
      );
    }
    return 'linux-x64';
  }
  const x64OnMac = platform === 'darwin' && arch === 'x64';
  throw new SetupFailure(
    `Tidemark runs on macOS on Apple silicon and on Linux x86-64, and this Node is for ${platform} ${arch}.`,
    x64OnMac
      ? 'If this Mac has Apple silicon, install the arm64 build of Node; MLX does not support Intel Macs.'
      : 'MLX publishes no build for this platform.',
  );
}

/**
 * @param {string} version "2.36"
 * @param {number} major
 * @param {number} minor
 */
export function olderThan(version, major, minor) {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}

/**
 * The command that installs a system package here, for a hint.
 *
 * @param {{debian: string, fedora: string, arch: string, suse: string, mac: string}} packages
 * @param {Machine} machine
 * @param {string} [osRelease] the text of /etc/os-release
 */
export function installCommand(packages, machine, osRelease = readOsRelease()) {
  if (machine.platform === 'darwin') {
    return packages.mac;
  }
  const family = osRelease
    .split('\n')
    .filter((line) => /^ID(_LIKE)?=/.test(line))
    .join(' ');
  if (/fedora|rhel|centos/.test(family)) {
    return `sudo dnf install ${packages.fedora}`;
  }
  if (/arch/.test(family)) {
    return `sudo pacman -S ${packages.arch}`;
  }
  if (/suse/.test(family)) {
    return `sudo zypper install ${packages.suse}`;
  }
  return `sudo apt-get install ${packages.debian}`;
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
