import { useEffect, useRef } from "react";
import { placeAt } from "./place";

const DELAY_MS = 350;

/**
 * The one tooltip of the page, shown for whatever has `data-tooltip`. It repeats the element's
 * label for the eye, so it is hidden from screen readers.
 */
export function TooltipLayer() {
  const tip = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer = 0;
    const hide = () => {
      clearTimeout(timer);
      if (tip.current?.matches(":popover-open")) tip.current.hidePopover();
    };
    const show = (anchor: HTMLElement) => {
      const text = anchor.dataset["tooltip"];
      if (tip.current === null || !text || !anchor.isConnected) return;
      tip.current.textContent = text;
      tip.current.showPopover();
      placeAt(anchor, tip.current, "center");
    };
    const consider = (event: Event) => {
      hide();
      const target = event.target instanceof Element ? event.target : null;
      const anchor = target?.closest<HTMLElement>("[data-tooltip]");
      const byTouch = event instanceof PointerEvent && event.pointerType !== "mouse";
      if (!anchor || byTouch || anchor.ariaExpanded === "true") return;
      if (event.type === "focusin" && !anchor.matches(":focus-visible")) return;
      timer = window.setTimeout(() => show(anchor), DELAY_MS);
    };
    const shows = ["pointerover", "focusin"] as const;
    const hides = ["pointerdown", "keydown", "focusout", "scroll"] as const;
    for (const type of shows) document.addEventListener(type, consider);
    for (const type of hides) document.addEventListener(type, hide, { capture: true });
    return () => {
      clearTimeout(timer);
      for (const type of shows) document.removeEventListener(type, consider);
      for (const type of hides) document.removeEventListener(type, hide, { capture: true });
    };
  }, []);

  return <div ref={tip} popover="manual" className="tooltip" aria-hidden="true" />;
}
