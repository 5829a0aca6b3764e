import { describe, expect, test } from "vitest";
import { absentNotice, type ClosedReason, closedNotice, closedReason } from "../src/note/closing";

const REASONS: readonly ClosedReason[] = [
  "gone",
  "forbidden",
  "signed-out",
  "full",
  "too-big",
  "refused",
];

describe("close codes", () => {
  test.each([
    [4404, "gone"],
    [4403, "forbidden"],
    [4401, "signed-out"],
    [4413, "full"],
    [4400, "refused"],
    [4499, "refused"],
    [1009, "too-big"],
    [1003, "refused"],
  ])("[WB6] %i ends reconnecting: %s", (code, reason) => {
    expect(closedReason(code)).toBe(reason);
  });

  test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4408, 4399, 4500])(
    "[WB6] %i is worth another try",
    (code) => {
      expect(closedReason(code)).toBeNull();
    },
  );

  test("every reason has words, and a deleted note cannot be tried again", () => {
    for (const reason of REASONS) {
      expect(closedNotice(reason).title).not.toBe("");
      expect(absentNotice(reason).title).not.toBe("");
    }
    expect(closedNotice("gone").retry).toBe(false);
    expect(closedNotice("full").retry).toBe(true);
  });
});
