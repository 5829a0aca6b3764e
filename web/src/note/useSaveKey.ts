import { useEffect } from "react";
import { showToast } from "../ui/toasts";
import type { NoteSession } from "./NoteSession";
import { describeStatus } from "./status";

/** Out of habit, people press the keys for saving: the answer is where the edits are. */
export function useSaveKey(session: NoteSession): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "s" || event.shiftKey || event.altKey) return;
      if (!event.metaKey && !event.ctrlKey) return;
      event.preventDefault();
      showToast(describeStatus(session.status.get()).detail);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [session]);
}
