import { CloudUpload, NotebookText } from "lucide-react";
import { notePath } from "../app/routes";
import type { LocalNote } from "../note/localNotes";
import { Link } from "../ui/Link";
import { shownTitle } from "./NoteList";

/** Notes that can be opened from this device while the server is away. */
export function DeviceNotes({ notes }: { readonly notes: readonly LocalNote[] }) {
  if (notes.length === 0) return null;
  return (
    <section className="device-notes" aria-labelledby="device-notes">
      <h2 id="device-notes">On this device</h2>
      <ul className="rows">
        {notes.map((note) => (
          <li key={note.id} className="row">
            <Link className="row-link" href={notePath(note.id)} data-row>
              <NotebookText className="row-icon" size={18} aria-hidden />
              <span className="row-title">{shownTitle(note)}</span>
              {note.unsaved && (
                <span className="row-waiting">
                  <CloudUpload size={14} aria-hidden />
                  <span>Not sent yet</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
