/** Toasts, where Raycast takes them: in the background nobody looks, and it refuses them. */

import { environment, LaunchType, showToast, Toast } from '@raycast/api';
import { toTrouble, troubleText, troubleTitles } from './trouble.ts';

const isInForeground = (): boolean => environment.launchType !== LaunchType.Background;

export async function notify(options: Toast.Options): Promise<Toast | undefined> {
  return isInForeground() ? await showToast(options) : undefined;
}

/** Says what went wrong, and what to do next. Never throws, so that it can stand in any `catch`. */
export async function notifyFailure(error: unknown, title?: string): Promise<void> {
  const trouble = toTrouble(error);
  try {
    await notify({
      style: Toast.Style.Failure,
      title: title ?? troubleTitles[trouble.kind],
      message: troubleText(trouble),
    });
  } catch {
    // The command was closed meanwhile.
  }
}

export interface Busywork<Answer> {
  readonly doing: string;
  readonly done: string;
  readonly failed: string;
  readonly work: () => Promise<Answer>;
}

/** A toast from the beginning of some work to its end. Nothing where it failed, which the toast says. */
export async function withToast<Answer>({
  doing,
  done,
  failed,
  work,
}: Busywork<Answer>): Promise<Answer | undefined> {
  const toast = await notify({ style: Toast.Style.Animated, title: doing });
  try {
    const answer = await work();
    if (toast !== undefined) {
      toast.style = Toast.Style.Success;
      toast.title = done;
    }
    return answer;
  } catch (error) {
    const trouble = toTrouble(error);
    if (toast !== undefined) {
      toast.style = Toast.Style.Failure;
      toast.title = failed;
      toast.message = troubleText(trouble);
    }
    return undefined;
  }
}
