/**
 * V8's flags for a model host: they keep V8's own growth, and its own coming and going, out of what the host measures. The
 * time of a host is spent in libmlx, so what they cost in JavaScript's speed does not show.
 */
export const hostFlags: readonly string[] = [
  '--expose-gc',

  // Bytecode, feedback and machine code of a function are made when it is first called, in the warm-up, and kept. Otherwise
  // V8 compiles hot functions anew for hundreds of iterations: a clean heap grew by up to 25 kB in the first ones, and still
  // by 1 kB after a hundred. With these it is constant to the byte.
  '--no-lazy-feedback-allocation',
  '--always-sparkplug',
  '--no-maglev',
  '--no-opt',
  '--no-flush-bytecode',

  // The young generation keeps one size, of 1 MB twice, pages go back to the system at once, and no second thread collects.
  // Otherwise the footprint falls by 2 to 4 MB once, some 10 seconds after the start, in which a leak can hide.
  '--min-semi-space-size=1',
  '--max-semi-space-size=1',
  '--no-memory-pool',
  '--single-threaded-gc',
];
