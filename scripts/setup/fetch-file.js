/**
 * Fetches one file of a package index, in a process of its own: the certificates and the proxy that Node uses are settled when it
 * starts. What is there already of the file is kept, and only the rest is asked for. Standard input: a `Job`, as JSON.
 */

import { copyFileSync, createWriteStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Job
 * @property {string} project
 * @property {string} file its name
 * @property {string} to
 * @property {import('./package-index.js').PackageIndex} index
 */

/** A first attempt and two more, each going on where the one before stopped. */
const attempts = 3;
const longestSilenceMilliseconds = 60_000;

/** @param {Job} job */
async function fetchFile({ project, file, to, index }) {
  for (const link of index.links) {
    const path = join(link.startsWith('file://') ? fileURLToPath(link) : link, file);
    if (!/^https?:/.test(link) && existsSync(path)) {
      copyFileSync(path, to);
      return;
    }
  }
  const pages = [
    ...index.links.filter((link) => /^https?:/.test(link)),
    ...index.indexes.map((address) => `${address}/${project.toLowerCase().replaceAll(/[-_.]+/g, '-')}/`),
  ];
  for (const page of pages) {
    const address = await again(() => addressOn(page, file));
    if (address !== undefined) {
      await again(() => download(address, to));
      return;
    }
  }
  throw new Error(
    pages.length === 0
      ? 'pip is configured to use no index, or there is neither pip nor its configuration: set PIP_INDEX_URL to an index'
      : `there is no ${file} on ${pages.map(shown).join(' or ')}`,
  );
}

/**
 * The file's address on a page of links, which may be of another host.
 *
 * @param {string} page
 * @param {string} file
 */
async function addressOn(page, file) {
  const response = await ask(page, { accept: 'text/html' });
  if (response.status === 404) {
    return undefined;
  }
  const text = await response.text();
  for (const [, written = ''] of text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["']/gi)) {
    const address = new URL(written.replaceAll('&amp;', '&'), withoutCredentials(response.url || page));
    if (decodeURIComponent(address.pathname.split('/').at(-1) ?? '') === file) {
      address.hash = '';
      const own = new URL(page);
      if (address.host === own.host) {
        address.username = own.username;
        address.password = own.password;
      }
      return address.href;
    }
  }
  return undefined;
}

/**
 * @param {string} address
 * @param {string} to
 */
async function download(address, to) {
  const there = statSync(to, { throwIfNoEntry: false })?.size ?? 0;
  const response = await ask(address, there === 0 ? {} : { range: `bytes=${there}-` });
  if (response.status === 416) {
    return;
  }
  if (response.body === null) {
    throw new Error(`${shown(address)} is empty`);
  }
  const flags = response.status === 206 ? 'a' : 'w';
  await pipeline(Readable.fromWeb(/** @type {any} */ (response.body)), createWriteStream(to, { flags }));
}

/**
 * @param {string} address
 * @param {Record<string, string>} headers
 */
async function ask(address, headers) {
  const { username, password } = new URL(address);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const response = await fetch(withoutCredentials(address), {
    headers: {
      ...headers,
      ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    signal: AbortSignal.timeout(longestSilenceMilliseconds * 30),
  });
  if (!response.ok && response.status !== 404 && response.status !== 416) {
    throw new Error(`${shown(address)} answered ${response.status} ${response.statusText}`);
  }
  return response;
}

/** @param {string} address fetch refuses credentials in one */
function withoutCredentials(address) {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/** @param {string} address without what is secret */
const shown = (address) => new URL(address).host;

/**
 * @template Result
 * @param {() => Promise<Result>} work
 */
async function again(work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts) {
        throw error;
      }
      await delay(attempt * 500);
    }
  }
}

let input = '';
for await (const chunk of process.stdin) {
  input += String(chunk);
}
try {
  /** @type {unknown} */
  const job = JSON.parse(input);
  await fetchFile(/** @type {Job} */ (job));
} catch (error) {
  // What the network said is the cause of what fetch says, which is only that it failed.
  const causes = [];
  for (let each = /** @type {any} */ (error); each instanceof Error; each = each.cause) {
    causes.push([each.message, /** @type {NodeJS.ErrnoException} */ (each).code].filter(Boolean).join(' '));
  }
  process.stderr.write(`ERROR: ${causes.join(': ')}\n`);
  process.exitCode = 1;
}
