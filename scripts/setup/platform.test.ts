/** Where Tidemark runs, and what a person is told elsewhere. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installCommand, platformOf } from './platform.js';

const mac = { platform: 'darwin', arch: 'arm64', kernel: '24.1.0' };
const linux = { platform: 'linux', arch: 'x64', kernel: '6.1.0', glibc: '2.36' };

test('Apple silicon from macOS 14 on and Linux x86-64 from glibc 2.35 on are supported', () => {
  assert.equal(platformOf(mac), 'darwin-arm64');
  assert.equal(platformOf(linux), 'linux-x64');
  assert.equal(platformOf({ ...linux, glibc: '2.35' }), 'linux-x64');
});

test('what is not supported is refused with the reason', () => {
  assert.throws(() => platformOf({ ...mac, kernel: '22.6.0' }), { message: /macOS 14 or newer/ });
  assert.throws(() => platformOf({ ...linux, glibc: '2.31' }), {
    message: /glibc 2\.35 or newer, and this is 2\.31/,
  });
  assert.throws(() => platformOf({ platform: 'linux', arch: 'x64', kernel: '6.1.0' }), {
    message: /another C library/,
  });
  assert.throws(() => platformOf({ ...mac, arch: 'x64' }), { message: /for darwin x64/, remedy: /Intel/ });
  assert.throws(() => platformOf({ ...linux, arch: 'arm64' }), { message: /for linux arm64/ });
  assert.throws(() => platformOf({ ...linux, platform: 'win32' }), { message: /for win32 x64/ });
});

test('the advice names the package of this system', () => {
  const packages = {
    debian: 'g++',
    fedora: 'gcc-c++',
    arch: 'gcc',
    suse: 'gcc-c++',
    mac: 'xcode-select --install',
  };
  assert.equal(installCommand(packages, mac), 'xcode-select --install');
  assert.equal(installCommand(packages, linux, 'ID=ubuntu\nID_LIKE=debian\n'), 'sudo apt-get install g++');
  assert.equal(
    installCommand(packages, linux, 'ID=rocky\nID_LIKE="rhel fedora"\n'),
    'sudo dnf install gcc-c++',
  );
  assert.equal(installCommand(packages, linux, 'ID=arch\n'), 'sudo pacman -S gcc');
});
