import { X } from "lucide-react";
import { useStore } from "../app/useStore";
import { dismissToast, toasts } from "./toasts";

/** Messages at the foot of the page, read out to screen readers as they come. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite" data-testid="toasts">
      {shown.map(({ id, text, tone, action }) => (
        <div key={id} className="toast" data-tone={tone}>
          <span>{text}</span>
          {action !== null && (
            <button
              type="button"
              className="toast-action"
              onClick={() => {
                dismissToast(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <button
            type="button"
            className="toast-close"
            aria-label="Dismiss"
            onClick={() => dismissToast(id)}
          >
            <X size={15} aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}
