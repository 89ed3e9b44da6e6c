/** What the page's script is given: the traces as they are in the document, and functions that the pictures share with it. */

import type { bandsOf, highestOperations } from '../analysis/trace/bands.ts';
import type { tickStep } from '../format/charts/axes.ts';
import type { stepArea } from '../format/charts/trace-chart.ts';
import type { OperationTrace } from '../protocol/trace-document.ts';
import type { operationDetails } from './operation-details.ts';

export interface ExplorerData {
  readonly traces: readonly {
    /** `bf16, MLX’s order: peak 341.5 MB`. */
    readonly title: string;
    readonly trace: OperationTrace;
    /** Of each band, as CSS has it. */
    readonly colors: readonly string[];
  }[];
  /** The scale of bytes that the traces share, from zero. */
  readonly ticks: readonly { readonly bytes: number; readonly label: string }[];
  readonly legend: readonly { readonly name: string; readonly color: string }[];
}

/** What a reader does with the mouse, fingers or a touchpad; positions are in pixels from the picture's left edge. */
export interface Gestures {
  readonly onHover: (x: number) => void;
  readonly onTap: (x: number) => void;
  /** While a range is drawn, and once it is; a range of nothing where it is given up. */
  readonly onRange: (from: number, to: number) => void;
  readonly onRangeEnd: (from: number, to: number) => void;
  readonly onPan: (by: number) => void;
  /** A factor below 1 shows less; what is at `x` stays there. */
  readonly onZoom: (factor: number, x: number) => void;
}

/** Each of them works by its own text. */
export interface ExplorerTools {
  readonly bandsOf: typeof bandsOf;
  readonly highestOperations: typeof highestOperations;
  readonly stepArea: typeof stepArea;
  readonly tickStep: typeof tickStep;
  readonly operationDetails: typeof operationDetails;
}
