/** The standard streams of a command that may be piped into one that has seen enough. */

/** `tidemark … | head` closes our stdout early: that is no error, and there is nobody left to tell. */
export function endQuietlyOnClosedPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      complain(`stdout could not be written: ${error.message}`);
    }
    process.exit(error.code === 'EPIPE' ? undefined : 1);
  });
  // Progress that nobody reads does not stop the work.
  process.stderr.on('error', () => undefined);
}

function complain(message: string): void {
  process.stderr.write(`error: ${message}\n`);
}
