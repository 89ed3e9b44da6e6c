/** What a person does in a list of runs: selects one, marks one to compare with, shows or hides the detail. */

import { useState } from 'react';
import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import type { RunItemProps } from './run-item.tsx';

export interface RunListActions {
  readonly onDelete: (run: RunRecord) => Promise<void>;
  readonly onRefresh: () => void;
}

export interface RunList {
  readonly selectedId: string | null;
  readonly setSelectedId: (id: string | null) => void;
  readonly isShowingDetail: boolean;
  /** The item of one of `runs`. */
  readonly itemOf: (run: RunRecord, runs: readonly RunRecord[], now: Date) => RunItemProps;
}

export function useRunList({ onDelete, onRefresh }: RunListActions): RunList {
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [isShowingDetail, setIsShowingDetail] = useState(true);
  const [marked, setMarked] = useState<RunRecord>();
  const remove = async (run: RunRecord): Promise<void> => {
    await onDelete(run);
    setMarked((before) => (before?.id === run.id ? undefined : before));
  };
  return {
    selectedId,
    setSelectedId,
    isShowingDetail,
    itemOf: (run, runs, now) => ({
      run,
      now,
      isSelected: selectedId === null ? run === runs[0] : selectedId === String(run.id),
      isShowingDetail,
      marked,
      onMark: setMarked,
      onDelete: remove,
      onRefresh,
      onToggleDetail: () => setIsShowingDetail((before) => !before),
    }),
  };
}
