import { describe, expect, test } from "vitest";
import type { Document, DocumentList } from "../src/api/documents";
import { ApiError } from "../src/api/problems";
import { emptyList, reduceList } from "../src/list/listState";
import { NoteList } from "../src/list/NoteList";
import { relativeTime } from "../src/list/relativeTime";

const note = (id: string, title = id): Document => ({
  id,
  title,
  kind: "note",
  sequence: 1,
  created: "2026-01-05T09:30:00.000Z",
  updated: "2026-01-05T09:30:00.000Z",
  role: "owner",
});
const page = (ids: readonly string[], next: string | null = null): DocumentList => ({
  documents: ids.map((id) => note(id)),
  next,
});

/** A server that answers when the test says so. */
class Asked {
  readonly questions: { query: string; cursor: string | null; signal: AbortSignal }[] = [];
  private readonly answers: ((outcome: DocumentList | Error) => void)[] = [];

  readonly ask = (query: string, cursor: string | null, signal: AbortSignal) =>
    new Promise<DocumentList>((resolve, reject) => {
      this.questions.push({ query, cursor, signal });
      this.answers.push((outcome) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome),
      );
    });

  answer(question: number, outcome: DocumentList | Error): void {
    this.answers[question]?.(outcome);
  }
}

describe("NoteList", () => {
  test("[WB19] a late answer to an earlier question is dropped", async () => {
    const server = new Asked();
    const list = new NoteList(server.ask);
    const first = list.load("a");
    const second = list.load("ab");
    expect(server.questions[0]?.signal.aborted).toBe(true);
    server.answer(1, page(["new"]));
    await second;
    server.answer(0, page(["old"]));
    await first;
    expect(list.state.get()).toMatchObject({ phase: "ready", query: "ab" });
    expect(list.state.get().documents.map(({ id }) => id)).toEqual(["new"]);
  });

  test("more pages follow the cursor, and a note moved between them is shown once", async () => {
    const server = new Asked();
    const list = new NoteList(server.ask);
    const load = list.load("");
    server.answer(0, page(["a", "b"], "cursor"));
    await load;
    const more = list.loadMore();
    expect(server.questions[1]?.cursor).toBe("cursor");
    server.answer(1, page(["b", "c"]));
    await more;
    expect(list.state.get().documents.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(list.state.get().next).toBeNull();
    await list.loadMore();
    expect(server.questions).toHaveLength(2);
  });

  test("a failure keeps what was read and says why", async () => {
    const server = new Asked();
    const list = new NoteList(server.ask);
    const load = list.load("");
    server.answer(0, page(["a"]));
    await load;
    const again = list.refresh();
    expect(list.state.get().phase).toBe("ready");
    server.answer(1, new ApiError(503, "Draining."));
    await again;
    expect(list.state.get()).toMatchObject({ phase: "failed", problem: "Draining." });
    expect(list.state.get().documents).toHaveLength(1);
  });

  test("a failure to load more leaves the list, and can be tried again", async () => {
    const server = new Asked();
    const list = new NoteList(server.ask);
    const load = list.load("");
    server.answer(0, page(["a"], "cursor"));
    await load;
    const more = list.loadMore();
    server.answer(1, new ApiError(0, "away"));
    await more;
    expect(list.state.get()).toMatchObject({ phase: "ready", more: "failed", next: "cursor" });
  });

  test("a removed note is gone, and a new question shows that it is loading", () => {
    const ready = reduceList(emptyList, { type: "answered", page: page(["a", "b"]) });
    expect(reduceList(ready, { type: "removed", id: "a" }).documents).toHaveLength(1);
    expect(reduceList(ready, { type: "asked", query: "x" }).phase).toBe("loading");
    expect(reduceList(ready, { type: "asked", query: "" })).toBe(ready);
  });
});

describe("relativeTime", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  test.each([
    ["2026-03-10T11:59:40Z", "just now"],
    ["2026-03-10T12:00:30Z", "just now"],
    ["2026-03-10T11:59:05Z", "1 minute ago"],
    ["2026-03-10T11:15:00Z", "45 minutes ago"],
    ["2026-03-10T09:00:00Z", "3 hours ago"],
    ["2026-03-09T10:00:00Z", "yesterday"],
    ["2026-03-06T10:00:00Z", "4 days ago"],
    ["2026-02-01T12:00:00Z", "Feb 1"],
    ["2024-02-01T12:00:00Z", "Feb 1, 2024"],
    ["nonsense", ""],
  ])("%s is %s", (iso, words) => {
    expect(relativeTime(iso, now, "en-US")).toBe(words);
  });
});
