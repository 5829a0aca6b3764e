const MARGIN = 8;

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a floating box goes: under its anchor, or above it, and always inside the window. */
export function placeBox(
  anchor: Box,
  box: Size,
  view: Size,
  align: "start" | "center" | "end",
  gap = 6,
): { left: number; top: number } {
  const starts = {
    start: anchor.left,
    center: (anchor.left + anchor.right - box.width) / 2,
    end: anchor.right - box.width,
  };
  const below = anchor.bottom + gap;
  const above = anchor.top - gap - box.height;
  const fitsBelow = below + box.height <= view.height - MARGIN;
  const top = fitsBelow || above < MARGIN ? below : above;
  const last = view.width - box.width - MARGIN;
  return { left: Math.max(MARGIN, Math.min(starts[align], last)), top };
}

/** Put a shown popover beside its anchor. */
export function placeAt(anchor: Element, box: HTMLElement, align: "start" | "center" | "end") {
  const { left, top } = placeBox(
    anchor.getBoundingClientRect(),
    box.getBoundingClientRect(),
    { width: document.documentElement.clientWidth, height: window.innerHeight },
    align,
  );
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}
