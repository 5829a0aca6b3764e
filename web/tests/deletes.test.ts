import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PendingDeletes } from "../src/list/PendingDeletes";

describe("PendingDeletes", () => {
  let calls: [string, boolean][];
  let done: string[];
  let failed: string[];
  let fail: boolean;
  let deletes: PendingDeletes;

  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    done = [];
    failed = [];
    fail = false;
    deletes = new PendingDeletes({
      delete: (id, leaving) => {
        calls.push([id, leaving]);
        return fail ? Promise.reject(new Error("away")) : Promise.resolve();
      },
      deleted: (id) => done.push(id),
      failed: (id) => failed.push(id),
    });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("[WB12] the server is told when the time to undo is over, once", async () => {
    deletes.schedule("a", 6_000);
    deletes.schedule("a", 6_000);
    expect([...deletes.hidden.get()]).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(5_999);
    expect(calls).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toEqual([["a", false]]);
    expect(done).toEqual(["a"]);
    expect(deletes.hidden.get().size).toBe(0);
  });

  test("[WB12] undone in time, nothing is deleted", async () => {
    deletes.schedule("a", 6_000);
    deletes.undo("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual([]);
    expect(deletes.hidden.get().size).toBe(0);
  });

  test("[WB12] once the server is told, undo comes too late and shows nothing wrong", () => {
    deletes.schedule("a", 6_000);
    vi.advanceTimersByTime(6_000);
    deletes.undo("a");
    expect([...deletes.hidden.get()]).toEqual(["a"]);
  });

  test("[WB12] a page that goes tells the server at once", async () => {
    deletes.schedule("a", 6_000);
    deletes.schedule("b", 6_000);
    deletes.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual([
      ["a", true],
      ["b", true],
    ]);
  });

  test("a deletion that fails brings the note back", async () => {
    fail = true;
    deletes.schedule("a", 6_000);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(failed).toEqual(["a"]);
    expect(done).toEqual([]);
    expect(deletes.hidden.get().size).toBe(0);
  });
});
