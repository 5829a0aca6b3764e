import { Store } from "../app/Store";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "error";
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

export interface ToastOptions {
  readonly tone?: Toast["tone"];
  readonly action?: Toast["action"];
  readonly milliseconds?: number;
}

export const toasts = new Store<readonly Toast[]>([]);

let nextId = 1;

/** Show a short message; returns the way to take it back. */
export function showToast(text: string, options: ToastOptions = {}): () => void {
  const id = nextId++;
  const toast: Toast = {
    id,
    text,
    tone: options.tone ?? "plain",
    action: options.action ?? null,
  };
  toasts.set([...toasts.get().slice(-2), toast]);
  const dismiss = () => {
    clearTimeout(timer);
    toasts.set(toasts.get().filter((shown) => shown.id !== id));
  };
  const timer = setTimeout(dismiss, options.milliseconds ?? 4_000);
  return dismiss;
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((shown) => shown.id !== id));
}
