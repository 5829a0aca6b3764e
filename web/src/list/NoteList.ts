import { type Document, type DocumentList, listDocuments } from "../api/documents";
import { errorText, isAbort } from "../api/problems";
import { Store } from "../app/Store";
import { emptyList, type ListEvent, type ListState, reduceList } from "./listState";

type Ask = (query: string, cursor: string | null, signal: AbortSignal) => Promise<DocumentList>;

/** The notes on the server, as far as they were asked for. A new question ends the last one. */
export class NoteList {
  readonly state = new Store<ListState>(emptyList);
  private request = new AbortController();

  constructor(private readonly ask: Ask) {}

  /** Ask for the first page. */
  async load(query: string): Promise<void> {
    const { signal } = this.restart();
    this.dispatch({ type: "asked", query });
    try {
      const page = await this.ask(query, null, signal);
      if (!signal.aborted) this.dispatch({ type: "answered", page });
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.dispatch({ type: "failed", problem: errorText(error) });
    }
  }

  /** Ask again, unless more than the first page is shown: that would shorten the list. */
  async refresh(): Promise<void> {
    const { documents, query, next } = this.state.get();
    if (next !== null && documents.length > 40) return;
    await this.load(query);
  }

  async loadMore(): Promise<void> {
    const { next, more, query } = this.state.get();
    if (next === null || more === "loading") return;
    const { signal } = this.restart();
    this.dispatch({ type: "more asked" });
    try {
      const page = await this.ask(query, next, signal);
      if (!signal.aborted) this.dispatch({ type: "more answered", page });
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      this.dispatch({ type: "more failed", problem: errorText(error) });
    }
  }

  removed(id: string): void {
    this.dispatch({ type: "removed", id });
  }

  private restart(): AbortController {
    this.request.abort();
    this.request = new AbortController();
    return this.request;
  }

  private dispatch(event: ListEvent): void {
    this.state.set(reduceList(this.state.get(), event));
  }
}

/** Outlives the page, so that going back to the list shows it at once. */
export const noteList = new NoteList(listDocuments);

export function shownTitle(document: Pick<Document, "title">): string {
  return document.title.trim() === "" ? "Untitled" : document.title;
}
