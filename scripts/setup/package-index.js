/** Where wheels come from: the package index that pip's environment variables and configuration files name, else pip's own. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { layoutOf } from './layout.js';
import { readJson } from './package-files.js';

/**
 * @typedef {object} PackageIndex
 * @property {string[]} indexes addresses of simple indexes (PEP 503), without the slash at the end; the first is asked first
 * @property {string[]} links folders, or addresses of pages, with archives
 * @property {string | undefined} certificates a file of certificates to trust besides
 */

/**
 * As pip reads them: an environment variable before the person's file, and that before the machine's. A virtual environment's file
 * and .netrc are not read.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [platform]
 * @returns {PackageIndex}
 */
export function packageIndex(env, platform = process.platform) {
  /** @type {Record<string, string>} */
  const settings = {};
  for (const file of configurationFiles(env, platform)) {
    Object.assign(settings, readSettings(file));
  }
  for (const name of ['index-url', 'extra-index-url', 'find-links', 'no-index', 'cert']) {
    const value = env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value !== undefined && value !== '') {
      settings[name] = value;
    }
  }
  const words = (/** @type {string | undefined} */ text) => (text ?? '').split(/\s+/).filter(Boolean);
  const isOff = /^(1|on|t|true|y|yes)$/i.test(settings['no-index'] ?? '');
  const indexes = isOff
    ? []
    : [settings['index-url'] ?? indexOfPackage() ?? pipsOwn(env), ...words(settings['extra-index-url'])];
  return {
    indexes: indexes.filter((address) => address !== undefined).map((address) => address.replace(/\/+$/, '')),
    links: words(settings['find-links']),
    certificates: settings['cert'],
  };
}

/** In an installed package, which asks no Python: on a Mac that has none, asking opens an installer. */
export const indexFile = 'prebuilt/package-index.json';

/** @returns {string | undefined} the index of pip's own that an installed package was made with */
function indexOfPackage() {
  const file = join(layoutOf().root, indexFile);
  return existsSync(file) ? /** @type {{address: string}} */ (readJson(file)).address : undefined;
}

/**
 * The index that pip asks where nothing is configured, as the pip of a Python in the PATH says it.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function pipsOwn(env) {
  const question = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';
  for (const python of ['python3', 'python']) {
    try {
      return execFileSync(python, ['-c', question], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      // Not there, or without pip.
    }
  }
  return undefined;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} platform
 * @returns {string[]} what counts least first
 */
function configurationFiles(env, platform) {
  const { HOME = '', PIP_CONFIG_FILE: chosen, XDG_CONFIG_HOME, XDG_CONFIG_DIRS } = env;
  if (chosen === '/dev/null') {
    return [];
  }
  const own = join(HOME, 'Library', 'Application Support', 'pip');
  const folders =
    platform === 'darwin'
      ? ['/Library/Application Support/pip', existsSync(own) ? own : join(HOME, '.config', 'pip')]
      : [
          ...(XDG_CONFIG_DIRS || '/etc/xdg').split(':').map((folder) => join(folder, 'pip')),
          '/etc',
          join(HOME, '.pip'),
          join(XDG_CONFIG_HOME || join(HOME, '.config'), 'pip'),
        ];
  return [...folders.map((folder) => join(folder, 'pip.conf')), ...(chosen ? [chosen] : [])];
}

/**
 * The settings of `pip download` in a file of Python's configparser; none where there is no such file.
 *
 * @param {string} path
 */
function readSettings(path) {
  /** @type {Record<'global' | 'download', Record<string, string>>} */
  const sections = { global: {}, download: {} };
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // pip goes on without it, too.
  }
  let section = '';
  let name = '';
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[(.+)\]/.exec(line);
    const setting = /^([^\s#;=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    const values = section === 'global' || section === 'download' ? sections[section] : undefined;
    if (header !== null) {
      section = header[1] ?? '';
    } else if (setting !== null) {
      name = (setting[1] ?? '').replaceAll('_', '-').toLowerCase();
      if (values !== undefined) {
        values[name] = (setting[2] ?? '').trim();
      }
    } else if (/^\s+[^\s#;]/.test(line) && values?.[name] !== undefined) {
      values[name] = `${values[name] ?? ''}\n${line.trim()}`;
    }
  }
  return { ...sections.global, ...sections.download };
}
