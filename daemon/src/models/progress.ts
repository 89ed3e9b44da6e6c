/** The progress of building and downloading models, and the options for both. */

export type ModelProgress =
  | {
      readonly kind: 'building';
      readonly model: string;
      readonly writtenBytes: number;
      readonly totalBytes: number;
    }
  | {
      readonly kind: 'downloading';
      readonly repository: string;
      readonly file: string;
      readonly receivedBytes: number;
      readonly totalBytes: number;
    }
  /** An environment that is being made: what is done at the moment, and how many of its packages are there. */
  | { readonly kind: 'installing'; readonly message: string; readonly done: number; readonly of: number }
  /** Something that a person should know, as a sentence: a wait, a repair, a fallback. */
  | { readonly kind: 'note'; readonly message: string };

export interface ModelOptions {
  /** Where checkpoints are kept; see `dataFolder()` in paths.ts. */
  readonly dataFolder: string;
  readonly onProgress?: ((progress: ModelProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
