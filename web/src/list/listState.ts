import type { Document, DocumentList } from "../api/documents";

/** What the list page knows. `query` is what `documents` were asked for. */
export interface ListState {
  readonly phase: "loading" | "ready" | "failed";
  readonly query: string;
  readonly documents: readonly Document[];
  readonly next: string | null;
  readonly more: "idle" | "loading" | "failed";
  readonly problem: string | null;
}

export type ListEvent =
  | { readonly type: "asked"; readonly query: string }
  | { readonly type: "answered"; readonly page: DocumentList }
  | { readonly type: "failed"; readonly problem: string }
  | { readonly type: "more asked" }
  | { readonly type: "more answered"; readonly page: DocumentList }
  | { readonly type: "more failed"; readonly problem: string }
  | { readonly type: "removed"; readonly id: string };

export const emptyList: ListState = {
  phase: "loading",
  query: "",
  documents: [],
  next: null,
  more: "idle",
  problem: null,
};

export function reduceList(state: ListState, event: ListEvent): ListState {
  switch (event.type) {
    case "asked":
      // Notes of the same question stay while they are asked for again: nothing flickers.
      return event.query === state.query && state.phase === "ready"
        ? state
        : { ...state, phase: "loading", query: event.query, problem: null };
    case "answered":
      return {
        ...state,
        phase: "ready",
        documents: event.page.documents,
        next: event.page.next,
        more: "idle",
        problem: null,
      };
    case "failed":
      // What was read before is still worth showing, with the problem beside it.
      return { ...state, phase: "failed", more: "idle", problem: event.problem };
    case "more asked":
      return { ...state, more: "loading" };
    case "more answered":
      return {
        ...state,
        documents: appended(state.documents, event.page.documents),
        next: event.page.next,
        more: "idle",
      };
    case "more failed":
      return { ...state, more: "failed", problem: event.problem };
    case "removed":
      return {
        ...state,
        documents: state.documents.filter((document) => document.id !== event.id),
      };
  }
}

/** Pages joined. A note that was edited in between is on both: the later answer counts. */
function appended(before: readonly Document[], page: readonly Document[]): readonly Document[] {
  const fresh = new Set(page.map((document) => document.id));
  return [...before.filter((document) => !fresh.has(document.id)), ...page];
}
