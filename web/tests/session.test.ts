import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { receiptFrame } from "../src/note/frames";
import { localNote } from "../src/note/localNotes";
import { NoteSession } from "../src/note/NoteSession";
import { FakeSocket } from "./support/FakeSocket";

const FAKED = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;

/** The parts of a browser that a session touches; no server answers its requests. */
function stubBrowser(): void {
  const storage = new Map<string, string>();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal(
    "window",
    Object.assign(new EventTarget(), {
      setTimeout: (callback: () => void, wait: number) => setTimeout(callback, wait),
      clearTimeout: (timer: number) => clearTimeout(timer),
    }),
  );
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, value: string) => storage.set(name, value),
    removeItem: (name: string) => storage.delete(name),
  });
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("away")));
}

describe("NoteSession", () => {
  const open: NoteSession[] = [];

  const start = async (id: string): Promise<NoteSession> => {
    const connections = FakeSocket.opened.length;
    const session = new NoteSession(id, "ws://host");
    open.push(session);
    await vi.waitFor(() => expect(FakeSocket.opened.length).toBeGreaterThan(connections));
    return session;
  };
  const socket = (): FakeSocket => {
    const latest = FakeSocket.opened.at(-1);
    if (latest === undefined) throw new Error("no connection was opened");
    return latest;
  };
  const shake = () => {
    socket().accept();
    socket().ask();
    socket().read();
  };
  const receipt = () => {
    vi.advanceTimersByTime(100);
    for (const frame of socket().read()) socket().deliver(frame);
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: [...FAKED] });
    stubBrowser();
    FakeSocket.reset();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((session) => session.close()));
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  test("[WB1] an edit is saved when its receipt comes, and is remembered until then", async () => {
    const session = await start("saved");
    shake();
    receipt();
    expect(session.status.get()).toMatchObject({ connection: "synced", unsaved: false });
    session.doc.getText("t").insert(0, "x");
    expect(session.status.get()).toMatchObject({ unsaved: true, edited: true });
    expect(localNote("saved")?.unsaved).toBe(true);
    const saved = session.whenSaved(5_000);
    receipt();
    expect(await saved).toBe(true);
    expect(localNote("saved")?.unsaved).toBe(false);
    expect(FakeSocket.doc.getText("t").toString()).toBe("x");
  });

  test("[WB13] waiting for receipts ends after the time given", async () => {
    const session = await start("waiting");
    shake();
    const saved = session.whenSaved(4_000);
    vi.advanceTimersByTime(4_000);
    expect(await saved).toBe(false);
  });

  test("[WB4] edits made without a server reach it on the next visit", async () => {
    const first = await start("offline");
    socket().drop(1006);
    expect(first.content.get()).toBe("unreachable");
    first.doc.getText("t").insert(0, "offline");
    await first.close();

    const second = await start("offline");
    expect(second.content.get()).toBe("ready");
    expect(second.status.get().edited).toBe(true);
    shake();
    expect(second.status.get().unsaved).toBe(true);
    receipt();
    expect(second.status.get()).toMatchObject({ unsaved: false, edited: false });
    expect(FakeSocket.doc.getText("t").toString()).toBe("offline");
  });

  test("[WB4] waiting edits can be sent without being seen", async () => {
    const before = await start("waiting edits");
    before.doc.getText("t").insert(0, "waited");
    await before.close();
    const sender = new NoteSession("waiting edits", "ws://host", { unseen: true });
    open.push(sender);
    await vi.waitFor(() => expect(FakeSocket.opened).toHaveLength(2));
    shake();
    const sent = sender.whenSaved(5_000);
    receipt();
    expect(await sent).toBe(true);
    expect(FakeSocket.doc.getText("t").toString()).toBe("waited");
    expect(sender.peers.get()).toEqual([]);
    expect(localNote("waiting edits")?.unsaved).toBe(false);
  });

  test("[WB6] nobody waits for receipts after a lasting refusal", async () => {
    const session = await start("refused");
    shake();
    session.doc.getText("t").insert(0, "x");
    const saved = session.whenSaved(60_000);
    socket().drop(4413);
    expect(await saved).toBe(false);
  });

  test("[WB1] the copy is read before a connection is made, so that no receipt skips it", async () => {
    const first = await start("order");
    first.doc.getText("t").insert(0, "unsent");
    await first.close();
    const second = new NoteSession("order", "ws://host");
    open.push(second);
    expect(FakeSocket.opened).toHaveLength(1);
    await vi.waitFor(() => expect(FakeSocket.opened).toHaveLength(2));
    expect(second.doc.getText("t").toString()).toBe("unsent");
  });

  test("[WB5] storage that hangs is given up, and its edits stay marked as unsent", async () => {
    localStorage.setItem(
      "collab:notes",
      JSON.stringify([{ id: "hangs", title: "", unsaved: true, opened: 1, draft: null }]),
    );
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const session = new NoteSession("hangs", "ws://host");
    open.push(session);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(session.status.get().keptOnDevice).toBe(false);
    shake();
    receipt();
    expect(session.status.get()).toMatchObject({ unsaved: false, edited: false });
    expect(localNote("hangs")?.unsaved).toBe(true);
  });

  test("edits of others are neither edited nor unsaved here", async () => {
    const session = await start("others");
    FakeSocket.doc.getText("t").insert(0, "theirs");
    shake();
    receipt();
    expect(session.doc.getText("t").toString()).toBe("theirs");
    expect(session.status.get()).toMatchObject({ unsaved: false, edited: false });
  });

  test("[WB6] a deleted note says so and keeps what is here", async () => {
    const session = await start("deleted");
    shake();
    session.doc.getText("t").insert(0, "mine");
    socket().drop(4404);
    expect(session.status.get()).toMatchObject({ connection: "closed", closed: "gone" });
    expect(session.doc.getText("t").toString()).toBe("mine");
    expect(localNote("deleted")?.unsaved).toBe(true);
    expect(session.localUpdate().length).toBeGreaterThan(2);
  });

  test("[WB9] a title typed here is a draft on the device until the server takes it", async () => {
    const session = await start("titled");
    session.title.type("Plan");
    expect(session.status.get().titleUnsaved).toBe(true);
    expect(localNote("titled")).toMatchObject({ title: "Plan", draft: "Plan" });
  });

  test("[WB18] closing frees the socket, the timers and the document, once", async () => {
    const session = await start("closed");
    shake();
    session.doc.getText("t").insert(0, "x");
    const destroyed = vi.fn();
    session.doc.on("destroy", destroyed);
    await session.close();
    await session.close();
    expect(destroyed).toHaveBeenCalledTimes(1);
    expect(socket().readyState).toBe(3);
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.opened).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("an answer to a request of an earlier edit does not count", async () => {
    const session = await start("early");
    shake();
    vi.advanceTimersByTime(100);
    session.doc.getText("t").insert(0, "x");
    socket().deliver(receiptFrame(1));
    expect(session.status.get().unsaved).toBe(true);
  });
});
