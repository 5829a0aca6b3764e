import { type RefObject, useEffect } from "react";
import { isTyping } from "../ui/shortcuts";

interface Keys {
  readonly rows: RefObject<HTMLElement | null>;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly create: () => void;
}

/** n: new note, /: search, arrows: from row to row. Enter is the row's own: it is a link. */
export function useListKeys({ rows, search, create }: Keys): void {
  useEffect(() => {
    const links = () => [...(rows.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];

    const move = (event: KeyboardEvent, by: 1 | -1) => {
      const all = links();
      const at = all.indexOf(document.activeElement as HTMLElement);
      if (at === 0 && by === -1) search.current?.focus();
      else (at === -1 ? all[0] : all[at + by])?.focus();
      event.preventDefault();
    };

    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      const inSearch = event.target === search.current;
      if (inSearch && event.key === "ArrowDown") move(event, 1);
      if (isTyping(event)) return;
      if (document.querySelector("[role=menu]:popover-open") !== null) return;
      switch (event.key) {
        case "n":
          event.preventDefault();
          create();
          break;
        case "/":
          event.preventDefault();
          search.current?.select();
          break;
        case "ArrowDown":
          move(event, 1);
          break;
        case "ArrowUp":
          move(event, -1);
          break;
      }
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [rows, search, create]);
}
