import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { readReceipt, receiptFrame } from "../src/note/frames";
import { SocketLine } from "../src/note/SocketLine";
import { FakeSocket } from "./support/FakeSocket";

describe("SocketLine", () => {
  let doc: Y.Doc;
  let events: string[];
  let line: SocketLine;

  const last = (): FakeSocket => {
    const socket = FakeSocket.opened.at(-1);
    if (socket === undefined) throw new Error("no connection was opened");
    return socket;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("window", new EventTarget());
    FakeSocket.reset();
    doc = new Y.Doc();
    events = [];
    line = new SocketLine("ws://host", "team/plan", doc, new Awareness(doc), {
      handshaken: () => events.push("handshaken"),
      lost: () => events.push("lost"),
      closed: (reason) => events.push(reason),
      receipt: (version) => events.push(`receipt ${version}`),
      readOnly: () => events.push("read only"),
    });
    line.connect();
  });

  afterEach(() => {
    line.close();
    doc.destroy();
    FakeSocket.doc.destroy();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  test("[WB11] the id is the path under /ws", () => {
    expect(last().url).toBe("ws://host/ws/team/plan");
  });

  test("[WB1] the server's answer alone is no handshake: edits made offline are not sent", () => {
    doc.getText("t").insert(0, "offline");
    const socket = last();
    socket.accept();
    socket.read();
    expect(events).toEqual([]);
    expect(FakeSocket.doc.getText("t").toString()).toBe("");
    socket.ask();
    expect(events).toEqual(["handshaken"]);
    socket.read();
    expect(FakeSocket.doc.getText("t").toString()).toBe("offline");
  });

  test("[WB1] the server's question may also come first, and a handshake is told once", () => {
    const socket = last();
    socket.accept();
    socket.ask();
    expect(events).toEqual([]);
    socket.read();
    socket.ask();
    expect(events).toEqual(["handshaken"]);
  });

  test("[WB1] each connection needs a handshake of its own", () => {
    const first = last();
    first.accept();
    first.ask();
    first.read();
    first.drop(1012);
    vi.advanceTimersByTime(1_000);
    const second = last();
    expect(second).not.toBe(first);
    second.accept();
    second.read();
    expect(events).toEqual(["handshaken", "lost"]);
    second.ask();
    expect(events).toEqual(["handshaken", "lost", "handshaken"]);
  });

  test("[WB1] receipts go out as type 102 and come back with their version", () => {
    const socket = last();
    line.sendReceiptRequest(1);
    expect(socket.inbox).toEqual([]);
    socket.accept();
    socket.ask();
    socket.read();
    line.sendReceiptRequest(300);
    const [frame] = socket.read();
    expect(frame).toEqual(receiptFrame(300));
    expect([...receiptFrame(300)]).toEqual([102, 2, 172, 2]);
    socket.deliver(receiptFrame(300));
    expect(events).toContain("receipt 300");
  });

  test.each([4400, 4401, 4403, 4404, 4413, 4414, 1009])(
    "[WB6] %i is not answered by another try",
    (code) => {
      last().accept();
      last().drop(code);
      vi.advanceTimersByTime(60_000);
      expect(FakeSocket.opened).toHaveLength(1);
      expect(events[0]).toBe("lost");
      expect(events).toHaveLength(2);
    },
  );

  test.each([1006, 1011, 1012, 1013, 4408, 4503, 4508, 4529])("[WB6] %i is", (code) => {
    last().accept();
    last().drop(code);
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.opened.length).toBeGreaterThan(1);
    expect(events).toEqual(["lost"]);
  });

  test("[WB6] a lasting refusal can be tried again by hand", () => {
    last().accept();
    last().drop(4413);
    line.connect();
    expect(FakeSocket.opened).toHaveLength(2);
  });

  test("[WB22] a refusal of edits leaves the connection as it is", () => {
    last().accept();
    last().deliver(Uint8Array.of(2, 0, 1, 120));
    expect(events).toEqual(["read only"]);
    expect(FakeSocket.opened).toHaveLength(1);
    expect(last().readyState).toBe(FakeSocket.OPEN);
  });

  test("[WB23] every connection shows the credentials of its time", () => {
    let token = "old";
    const other = new Y.Doc();
    const none = () => undefined;
    const signed = new SocketLine(
      "ws://host",
      "note",
      other,
      new Awareness(other),
      { handshaken: none, lost: none, closed: none, receipt: none, readOnly: none },
      () => ({ token, link: "l" }),
    );
    signed.connect();
    expect(last().url).toBe("ws://host/ws/note?token=old&link=l");
    last().accept();
    last().drop(4401);
    token = "new";
    signed.connect();
    expect(last().url).toBe("ws://host/ws/note?token=new&link=l");
    signed.close();
    other.destroy();
  });

  test("a browser that goes offline makes the socket prove itself", () => {
    last().accept();
    window.dispatchEvent(new Event("offline"));
    expect(events).toEqual(["lost"]);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  test("[WB17] tabs do not talk past the server", () => {
    const other = new Y.Doc();
    const nothing = () => undefined;
    const second = new SocketLine("ws://host", "team/plan", other, new Awareness(other), {
      handshaken: nothing,
      lost: nothing,
      closed: nothing,
      receipt: nothing,
      readOnly: nothing,
    });
    second.connect();
    for (const socket of FakeSocket.opened) socket.accept();
    doc.getText("t").insert(0, "x");
    expect(other.getText("t").toString()).toBe("");
    second.close();
    other.destroy();
  });

  test("[WB18] closing ends the connection, its retries and its listeners", () => {
    last().accept();
    line.close();
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
    vi.advanceTimersByTime(120_000);
    expect(FakeSocket.opened).toHaveLength(1);
    expect(last().readyState).toBe(3);
  });

  test("a receipt that is cut short is an error, not a version", () => {
    expect(() => readReceipt({ arr: new Uint8Array([2, 1]), pos: 0 } as never)).toThrow();
  });
});
