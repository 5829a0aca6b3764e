import { CloudOff, NotebookPen, SearchX } from "lucide-react";
import { useStore } from "../app/useStore";
import { localNotes } from "../note/localNotes";
import { Notice } from "../ui/Notice";
import { DeviceNotes } from "./DeviceNotes";
import { deleteWithUndo, pendingDeletes } from "./deletes";
import type { ListState } from "./listState";
import { noteList } from "./NoteList";
import { NoteRow } from "./NoteRow";
import { useNow } from "./useNow";

interface Props {
  readonly state: ListState;
  readonly create: () => void;
}

/** The notes, or why there are none to show. */
export function ListBody({ state, create }: Props) {
  const now = useNow();
  const hidden = useStore(pendingDeletes.hidden);
  const shown = state.documents.filter((document) => !hidden.has(document.id));
  if (state.phase === "loading" && shown.length === 0) return <Skeleton />;
  if (state.phase === "failed" && shown.length === 0) return <Failed problem={state.problem} />;
  if (shown.length === 0) return <Empty query={state.query} create={create} />;
  const waiting = new Set(localNotes().flatMap((note) => (note.unsaved ? [note.id] : [])));
  return (
    <>
      {state.phase === "failed" && (
        <div className="banner" role="alert">
          <CloudOff size={16} aria-hidden />
          <span>{state.problem} This list may be old.</span>
          <button type="button" className="button small" onClick={() => void noteList.refresh()}>
            Try again
          </button>
        </div>
      )}
      <ul className="rows" aria-label="Notes" aria-busy={state.phase === "loading"}>
        {shown.map((document) => (
          <NoteRow
            key={document.id}
            document={document}
            now={now}
            waiting={waiting.has(document.id)}
            onDelete={deleteWithUndo}
          />
        ))}
      </ul>
      {state.next !== null && (
        <div className="more">
          {state.more === "failed" && <p role="alert">{state.problem}</p>}
          <button
            type="button"
            className="button"
            disabled={state.more === "loading"}
            onClick={() => void noteList.loadMore()}
          >
            {state.more === "loading" ? "Loading…" : "Load more"}
          </button>
        </div>
      )}
    </>
  );
}

function Skeleton() {
  return (
    <div className="rows skeleton-rows" role="status" aria-label="Loading notes">
      {[62, 38, 51, 44, 70, 33].map((width) => (
        <div key={width} className="row skeleton-row">
          <span className="skeleton" style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}

function Failed({ problem }: { readonly problem: string | null }) {
  return (
    <>
      <Notice
        alert
        testId="list-error"
        icon={<CloudOff size={26} />}
        title="Notes cannot be loaded"
        text={problem ?? "The server cannot be reached."}
      >
        <button type="button" className="button primary" onClick={() => void noteList.refresh()}>
          Try again
        </button>
      </Notice>
      <DeviceNotes notes={localNotes()} />
    </>
  );
}

function Empty({ query, create }: { readonly query: string; readonly create: () => void }) {
  return query === "" ? (
    <Notice
      testId="list-empty"
      icon={<NotebookPen size={26} />}
      title="No notes yet"
      text="Start one, share its link, and write it together. Every edit is saved as you type."
    >
      <button type="button" className="button primary" onClick={create}>
        Write the first note
      </button>
    </Notice>
  ) : (
    <Notice
      testId="list-no-match"
      icon={<SearchX size={26} />}
      title="No note found"
      text={`No title contains “${query}”.`}
    />
  );
}
