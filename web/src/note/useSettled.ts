import { useEffect, useState } from "react";
import type { StatusLabel } from "./status";

const SETTLE_MS = 400;

/**
 * A status that says "saved" only when it stays so for a moment. Receipts come between two key
 * presses, and a label that flickers with each of them is read by nobody. Bad news waits for
 * nothing.
 */
export function useSettled(status: StatusLabel): StatusLabel {
  const [shown, setShown] = useState(status);
  const { kind } = status;

  // biome-ignore lint/correctness/useExhaustiveDependencies: labels of a kind and detail are equal
  useEffect(() => {
    const wait = kind === "saved" ? SETTLE_MS : 0;
    const timer = setTimeout(() => setShown(status), wait);
    return () => clearTimeout(timer);
  }, [kind, status.label, status.detail]);

  return kind === "saved" ? shown : status;
}
