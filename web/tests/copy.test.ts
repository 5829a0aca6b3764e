import "fake-indexeddb/auto";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import { LocalCopy } from "../src/note/LocalCopy";

describe("LocalCopy", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("[WB4] edits of one visit are there on the next, and are known as the copy's", async () => {
    const before = new Y.Doc();
    const first = new LocalCopy("a/b", before);
    expect(await first.ready).toBe(true);
    before.getText("t").insert(0, "kept");
    await first.close();

    const after = new Y.Doc();
    const origins: boolean[] = [];
    const second = new LocalCopy("a/b", after);
    after.on("update", (_update: Uint8Array, origin: unknown) => {
      origins.push(second.isOrigin(origin));
    });
    await second.ready;
    expect(after.getText("t").toString()).toBe("kept");
    expect(origins).toEqual([true]);
    after.getText("t").insert(0, "x");
    expect(origins).toEqual([true, false]);
    await second.close();
  });

  test("notes have a copy each", async () => {
    const doc = new Y.Doc();
    const copy = new LocalCopy("other", doc);
    await copy.ready;
    expect(doc.store.clients.size).toBe(0);
    await copy.close();
  });

  test("[WB5] a browser that refuses to store is known as such", async () => {
    vi.stubGlobal("indexedDB", {
      open: () => {
        throw new DOMException("no", "SecurityError");
      },
    });
    const copy = new LocalCopy("x", new Y.Doc());
    expect(await copy.ready).toBe(false);
    expect(copy.isOrigin(null)).toBe(false);
    await copy.close();
  });
});
