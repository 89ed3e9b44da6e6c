/** Toasts, where Raycast takes them, which it does not in the background; and what is asked before something is taken away. */

import { Alert, confirmAlert, environment, Icon, LaunchType, showToast, Toast } from '@raycast/api';
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

/** A toast's titles while something is done, and after. */
export interface ToastTitles {
  readonly doing: string;
  readonly done: string;
  readonly failed: string;
}

/** A toast from the beginning of some work to its end. Nothing where it failed, which the toast says. */
export async function withToast<Answer>({
  doing,
  done,
  failed,
  work,
}: ToastTitles & { readonly work: () => Promise<Answer> }): Promise<Answer | undefined> {
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

interface DestructiveQuestion {
  readonly title: string;
  readonly message: string;
  /** The title of the button that agrees. */
  readonly action: string;
  readonly icon?: Icon;
}

/** Whether the person agreed. */
export const confirmDestructive = ({
  title,
  message,
  action,
  icon = Icon.Trash,
}: DestructiveQuestion): Promise<boolean> =>
  confirmAlert({
    icon,
    title,
    message,
    primaryAction: { title: action, style: Alert.ActionStyle.Destructive },
  });
