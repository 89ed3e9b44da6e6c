/** The failures of set-up that a person can fix, and what the output of pip, npm and Python says of their cause. */

/** What went wrong, in one sentence, and what to do next. */
export class SetupFailure extends Error {
  /** @override */
  name = 'SetupFailure';

  /**
   * @param {string} message one sentence
   * @param {string} remedy what to do next; may be several lines
   */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Set-up was told to stop by a signal. */
export class Interrupted extends Error {
  /** @override */
  name = 'Interrupted';
}

const networkTrouble =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|NewConnectionError|name resolution|nodename nor servname|ReadTimeout|ConnectTimeout|Connection (refused|aborted|reset|broken)|ProxyError|timed out/i;
const certificateTrouble = /SSLError|CERT_|certificate/i;
const diskTrouble = /ENOSPC|EDQUOT|no space left|disk quota/i;

/**
 * The cause in a few words, where the client's own words tell it.
 *
 * @param {string} output
 */
export function reason(output) {
  if (diskTrouble.test(output)) {
    return ': the disk is full';
  }
  if (certificateTrouble.test(output)) {
    return ': the connection is not trusted';
  }
  if (networkTrouble.test(output)) {
    return ': there is no connection';
  }
  return '';
}

/** @param {string} output */
export function networkRemedy(output) {
  if (diskTrouble.test(output)) {
    return 'Free some disk space, then run the same command again.';
  }
  if (certificateTrouble.test(output)) {
    return 'A proxy on the way may need its certificate to be known to pip and npm.';
  }
  return 'Check the network (and the proxy, if there is one), then run the same command again.';
}

/**
 * The line that says most: that of a lost connection where pip warns of one, since its error in the end is of something
 * else; else the last one that the client marks as an error; else the last one.
 *
 * @param {string} output
 */
export function lastError(output) {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/A complete log of this run/.test(line));
  const connection = lines.find((line) => line.startsWith('WARNING:') && networkTrouble.test(line));
  const marked = lines.filter((line) => /^(ERROR:|npm (error|ERR!))/.test(line));
  return (connection ?? marked.at(-1) ?? lines.at(-1) ?? 'nothing').slice(0, 400);
}
