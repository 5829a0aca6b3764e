import type { Editor } from "@tiptap/core";
import { BLOCKS, HISTORY, MARKS, TEXT_STYLES } from "./commands";

/** What the toolbar shows, as strings: cheap to compare after each key press. */
export interface ToolbarState {
  /** Ids of commands that are on, joined by spaces. */
  readonly active: string;
  /** Ids of commands that can do nothing here, joined by spaces. */
  readonly disabled: string;
  readonly inTable: boolean;
  readonly link: string | null;
  /** The language of the code block around the selection; null outside of one. */
  readonly language: string | null;
}

export function toolbarState(editor: Editor): ToolbarState {
  const active = [...TEXT_STYLES, ...MARKS, ...BLOCKS]
    .filter((command) => command.active?.(editor))
    .map(({ id }) => id);
  // Blocks are always offered: a trial run says no where the command, which first takes the
  // text out of its list, would do it.
  const disabled = [...HISTORY, ...MARKS]
    .filter(({ id, run }) => !active.includes(id) && !run(editor.can().chain()).run())
    .map(({ id }) => id);
  const href: unknown = editor.getAttributes("link")["href"];
  const language: unknown = editor.getAttributes("codeBlock")["language"];
  return {
    active: active.join(" "),
    disabled: disabled.join(" "),
    inTable: editor.isActive("table"),
    link: editor.isActive("link") && typeof href === "string" ? href : null,
    language: editor.isActive("codeBlock") ? (typeof language === "string" ? language : "") : null,
  };
}

export function sameToolbar(a: ToolbarState, b: ToolbarState | null): boolean {
  return (
    b !== null &&
    a.active === b.active &&
    a.disabled === b.disabled &&
    a.inTable === b.inTable &&
    a.link === b.link &&
    a.language === b.language
  );
}
