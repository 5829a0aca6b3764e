import { showToast } from "./toasts";

/** Copy a text and say so; where that is not allowed, show it, so that it can be copied by hand. */
export async function copyText(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showToast(done);
  } catch {
    showToast(text, { milliseconds: 10_000 });
  }
}
