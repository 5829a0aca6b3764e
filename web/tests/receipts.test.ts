import { beforeEach, describe, expect, test } from "vitest";
import { ReceiptLine, type ReceiptState } from "../src/note/ReceiptLine";
import { FakeTimers } from "./support/FakeTimers";

describe("ReceiptLine", () => {
  let timers: FakeTimers;
  let sent: number[];
  let state: ReceiptState;
  let line: ReceiptLine;

  beforeEach(() => {
    timers = new FakeTimers();
    sent = [];
    line = new ReceiptLine(
      (version) => sent.push(version),
      (latest) => {
        state = latest;
      },
      timers,
      false,
    );
  });

  test("[WB1] nothing counts as saved before a receipt has come", () => {
    expect(line.unsaved).toBe(true);
    line.handshaken();
    timers.pass(1_000);
    expect(line.unsaved).toBe(true);
    line.answered(sent[0] ?? -1);
    expect(state).toEqual({ unsaved: false, edited: false, overdue: false });
  });

  test("[WB1] no receipt is asked for before the handshake", () => {
    line.changed(true);
    timers.pass(60_000);
    expect(sent).toEqual([]);
    expect(state.edited).toBe(true);
  });

  test("[WB1] an answer that comes after another edit does not cover it", () => {
    line.handshaken();
    timers.pass(100);
    line.changed(true);
    line.answered(1);
    expect(state).toMatchObject({ unsaved: true, edited: true });
    timers.pass(100);
    expect(sent).toEqual([1, 2]);
    line.answered(2);
    expect(state).toMatchObject({ unsaved: false, edited: false });
  });

  test("[WB1] an answer is worth nothing once its connection is lost", () => {
    line.handshaken();
    line.changed(true);
    timers.pass(100);
    line.lost();
    line.answered(1);
    expect(state).toMatchObject({ unsaved: true, edited: true });
  });

  test("[WB2] a receipt is asked for after each connection, with nothing typed", () => {
    line.handshaken();
    timers.pass(100);
    line.answered(1);
    line.lost();
    expect(state.unsaved).toBe(false);
    line.handshaken();
    expect(state.unsaved).toBe(true);
    timers.pass(100);
    expect(sent).toEqual([1, 2]);
  });

  test("[WB3] edits are gathered, and one request at a time is under way", () => {
    line.handshaken();
    for (let edit = 0; edit < 50; edit += 1) {
      line.changed(true);
      timers.pass(20);
    }
    expect(sent).toEqual([1]);
    line.answered(1);
    timers.pass(100);
    expect(sent).toEqual([1, 2]);
    line.answered(2);
    timers.pass(10_000);
    expect(sent).toEqual([1, 2]);
    expect(state.unsaved).toBe(false);
  });

  test("[WB3] an answer to anything but the request under way counts for nothing", () => {
    line.handshaken();
    timers.pass(100);
    line.answered(7);
    line.answered(0);
    expect(state.unsaved).toBe(true);
  });

  test("a copy that is read is unsaved without anyone having edited", () => {
    line.changed(false);
    expect(state).toMatchObject({ unsaved: true, edited: false });
  });

  test("edits of an earlier visit count until their receipt", () => {
    const again = new ReceiptLine(
      (version) => sent.push(version),
      (latest) => {
        state = latest;
      },
      timers,
      true,
    );
    again.changed(false);
    expect(state.edited).toBe(true);
    again.handshaken();
    timers.pass(100);
    again.answered(1);
    expect(state).toMatchObject({ unsaved: false, edited: false });
  });

  test("a receipt that does not come is reported as overdue, and is not after it came", () => {
    line.handshaken();
    timers.pass(5_000);
    expect(state.overdue).toBe(false);
    timers.pass(2_000);
    expect(state.overdue).toBe(true);
    line.answered(1);
    expect(state.overdue).toBe(false);
  });

  test("[WB18] closing leaves no timer behind", () => {
    line.handshaken();
    timers.pass(100);
    line.changed(true);
    line.close();
    expect(timers.count).toBe(0);
  });
});
