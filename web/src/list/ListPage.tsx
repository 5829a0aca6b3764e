import { Plus, Search, X } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { createNote } from "../api/documents";
import { errorText } from "../api/problems";
import { noteNews } from "../app/noteNews";
import { navigate } from "../app/router";
import { notePath } from "../app/routes";
import { useStore } from "../app/useStore";
import { Brand } from "../ui/Brand";
import { ThemeMenu } from "../ui/ThemeMenu";
import { showToast } from "../ui/toasts";
import { ListBody } from "./ListBody";
import { noteList } from "./NoteList";
import { sendWaiting } from "./sendWaiting";
import { useListKeys } from "./useListKeys";

const SEARCH_MS = 200;

export function ListPage() {
  const state = useStore(noteList.state);
  const [query, setQuery] = useState(state.query);
  const [creating, setCreating] = useState(false);
  // A second key press comes before the state of the first one shows.
  const busy = useRef(false);
  const rows = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Notes";
  }, []);

  useEffect(() => {
    const wanted = query.trim();
    const wait = wanted === noteList.state.get().query ? 0 : SEARCH_MS;
    const timer = setTimeout(() => void noteList.load(wanted), wait);
    return () => clearTimeout(timer);
  }, [query]);

  const reached = state.phase === "ready";
  useEffect(() => {
    if (reached) void sendWaiting();
  }, [reached]);

  useEffect(() => noteNews.subscribe(() => void noteList.refresh()), []);

  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible") void noteList.refresh();
    };
    window.addEventListener("focus", refresh);
    window.addEventListener("online", refresh);
    return () => {
      window.removeEventListener("focus", refresh);
      window.removeEventListener("online", refresh);
    };
  }, []);

  const create = useCallback(() => {
    if (busy.current) return;
    busy.current = true;
    setCreating(true);
    void createAndOpen().finally(() => {
      busy.current = false;
      setCreating(false);
    });
  }, []);

  useListKeys({ rows, search, create });

  return (
    <div className="page list-page">
      <header className="list-header">
        <Brand />
        <ThemeMenu />
      </header>
      <main ref={rows}>
        <div className="list-title">
          <h1>Notes</h1>
          <button
            type="button"
            className="button primary"
            disabled={creating}
            aria-keyshortcuts="n"
            data-tooltip="New note  N"
            data-testid="new-note"
            onClick={create}
          >
            <Plus size={18} aria-hidden />
            New note
          </button>
        </div>
        <search className="search">
          <Search size={17} aria-hidden />
          <input
            ref={search}
            type="search"
            placeholder="Search titles"
            aria-label="Search notes"
            aria-keyshortcuts="/"
            autoComplete="off"
            spellCheck={false}
            maxLength={200}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              if (query === "") search.current?.blur();
              setQuery("");
            }}
          />
          {query === "" ? (
            <kbd aria-hidden>/</kbd>
          ) : (
            <button
              type="button"
              className="search-clear"
              aria-label="Clear search"
              onClick={() => {
                setQuery("");
                search.current?.focus();
              }}
            >
              <X size={15} aria-hidden />
            </button>
          )}
        </search>
        <ListBody state={state} create={create} />
      </main>
    </div>
  );
}

async function createAndOpen(): Promise<void> {
  try {
    const note = await createNote("");
    navigate(notePath(note.id), true);
  } catch (error) {
    showToast(`No note was made. ${errorText(error)}`, { tone: "error", milliseconds: 8_000 });
  }
}
