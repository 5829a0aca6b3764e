import { CloudUpload, FileText, NotebookText, Trash2 } from "lucide-react";
import type { Document } from "../api/documents";
import { notePath } from "../app/routes";
import { Link } from "../ui/Link";
import { shownTitle } from "./NoteList";
import { fullTime, relativeTime } from "./relativeTime";

interface Props {
  readonly document: Document;
  readonly now: number;
  readonly waiting: boolean;
  readonly onDelete: (id: string, title: string) => void;
}

export function NoteRow({ document, now, waiting, onDelete }: Props) {
  const title = shownTitle(document);
  const Icon = document.kind === "text" ? FileText : NotebookText;
  return (
    <li className="row" data-testid="note-row" data-id={document.id}>
      <Link className="row-link" href={notePath(document.id)} data-row>
        <Icon className="row-icon" size={18} aria-hidden />
        <span className="row-title" data-untitled={document.title.trim() === "" || undefined}>
          {title}
        </span>
        {waiting && (
          <span className="row-waiting" title="Edits on this device are not saved yet">
            <CloudUpload size={14} aria-hidden />
            <span>Not sent yet</span>
          </span>
        )}
        <time className="row-time" dateTime={document.updated} title={fullTime(document.updated)}>
          {relativeTime(document.updated, now)}
        </time>
      </Link>
      <button
        type="button"
        className="icon-button row-delete"
        aria-label={`Delete ${title}`}
        data-tooltip="Delete"
        onClick={() => onDelete(document.id, title)}
      >
        <Trash2 size={16} aria-hidden />
      </button>
    </li>
  );
}
