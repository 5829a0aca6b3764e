import type { Editor } from "@tiptap/core";
import { ALL_COMMANDS } from "./commands";

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
  const active: string[] = [];
  const disabled: string[] = [];
  for (const { id, active: isOn, run } of ALL_COMMANDS) {
    if (isOn?.(editor)) active.push(id);
    else if (!run(editor.can().chain()).run()) disabled.push(id);
  }
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
