import { deleteDocument } from "../api/documents";
import { ApiError, errorText } from "../api/problems";
import { forgetNote } from "../note/localNotes";
import { showToast } from "../ui/toasts";
import { noteList } from "./NoteList";
import { PendingDeletes } from "./PendingDeletes";

const UNDO_MS = 6_000;

export const pendingDeletes = new PendingDeletes({
  delete: deleteDocument,
  deleted: gone,
  failed: (id, error) => {
    if (error instanceof ApiError && error.status === 404) gone(id);
    else showToast(`Not deleted. ${errorText(error)}`, { tone: "error", milliseconds: 8_000 });
  },
});

function gone(id: string): void {
  noteList.removed(id);
  forgetNote(id);
}

/** Hide a note now and delete it when the time to undo is over. */
export function deleteWithUndo(id: string, title: string): void {
  pendingDeletes.schedule(id, UNDO_MS);
  showToast(`Deleted “${title}”`, {
    milliseconds: UNDO_MS,
    action: { label: "Undo", run: () => pendingDeletes.undo(id) },
  });
}

window.addEventListener("pagehide", () => pendingDeletes.flush());
