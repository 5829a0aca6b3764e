import { beforeEach, describe, expect, test } from "vitest";
import type { Document } from "../src/api/documents";
import { ApiError } from "../src/api/problems";
import { TitleLine } from "../src/note/TitleLine";
import { FakeTimers, settle } from "./support/FakeTimers";

const document = (title: string): Document => ({
  id: "note",
  title,
  kind: "note",
  sequence: 1,
  created: "2026-01-05T09:30:00.000Z",
  updated: "2026-01-05T09:30:00.000Z",
  role: "owner",
});

describe("TitleLine", () => {
  let timers: FakeTimers;
  let writes: string[];
  let answer: (title: string) => Promise<Document>;
  let stored: string;
  let written: number;
  let line: TitleLine;

  const make = (draft: string | null) =>
    new TitleLine(
      draft,
      "known",
      {
        read: () => Promise.resolve(document(stored)),
        write: (title) => {
          writes.push(title);
          return answer(title);
        },
      },
      timers,
      () => {
        written += 1;
      },
    );

  beforeEach(() => {
    timers = new FakeTimers();
    writes = [];
    stored = "stored";
    written = 0;
    answer = (title) => Promise.resolve(document(title));
    line = make(null);
  });

  test("[WB9] typing is written once, after a pause", async () => {
    for (const title of ["A", "An", "And"]) {
      line.type(title);
      timers.pass(100);
    }
    expect(writes).toEqual([]);
    timers.pass(500);
    await settle();
    expect(writes).toEqual(["And"]);
    expect(line.state.get()).toEqual({ title: "And", unsaved: false, problem: null });
    expect(written).toBe(1);
  });

  test("[WB9] one write at a time; what was typed meanwhile follows", async () => {
    let finish: (value: Document) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    line.type("first");
    timers.pass(500);
    line.type("second");
    timers.pass(2_000);
    expect(writes).toEqual(["first"]);
    finish(document("first"));
    await settle();
    expect(line.state.get()).toMatchObject({ title: "second", unsaved: true });
    timers.pass(500);
    expect(writes).toEqual(["first", "second"]);
  });

  test("[WB9] a title read from the server does not overwrite one typed here", async () => {
    line.type("mine");
    await line.refresh();
    expect(line.state.get().title).toBe("mine");
    timers.pass(500);
    await settle();
    stored = "theirs";
    await line.refresh();
    expect(line.state.get()).toEqual({ title: "theirs", unsaved: false, problem: null });
  });

  test("[WB9] a draft of an earlier visit is unsaved and is written on the next flush", async () => {
    line = make("draft");
    expect(line.state.get()).toMatchObject({ title: "draft", unsaved: true });
    line.flush();
    timers.pass(0);
    await settle();
    expect(writes).toEqual(["draft"]);
    expect(line.state.get().unsaved).toBe(false);
  });

  test("an unreachable server is tried again", async () => {
    answer = () => Promise.reject(new ApiError(0, "away"));
    line.type("title");
    timers.pass(500);
    await settle();
    expect(line.state.get()).toEqual({ title: "title", unsaved: true, problem: null });
    answer = (title) => Promise.resolve(document(title));
    timers.pass(3_000);
    await settle();
    expect(line.state.get().unsaved).toBe(false);
  });

  test("a title that the server refuses is said, and not sent again", async () => {
    answer = () => Promise.reject(new ApiError(422, "No control characters."));
    line.type("bad");
    timers.pass(500);
    await settle();
    expect(line.state.get().problem).toBe("No control characters.");
    timers.pass(60_000);
    expect(writes).toEqual(["bad"]);
  });

  test("[WB18] closing writes what waits and leaves no timer", async () => {
    line.type("last words");
    line.close();
    await settle();
    expect(writes).toEqual(["last words"]);
    expect(timers.count).toBe(0);
  });
});
