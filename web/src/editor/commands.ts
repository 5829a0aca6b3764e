import type { ChainedCommands, Editor } from "@tiptap/core";
import {
  Bold,
  Code,
  Heading1,
  Heading2,
  Heading3,
  Italic,
  List,
  ListOrdered,
  ListTodo,
  type LucideIcon,
  Minus,
  Pilcrow,
  Redo2,
  SquareCode,
  Strikethrough,
  TextQuote,
  Underline,
  Undo2,
} from "lucide-react";

/** Something the toolbar can do to the note. */
export interface EditorCommand {
  readonly id: string;
  readonly label: string;
  readonly shortcut: string | null;
  readonly icon: LucideIcon;
  readonly run: (chain: ChainedCommands) => ChainedCommands;
  /** Whether it is on at the selection; null for what has no such state. */
  readonly active: ((editor: Editor) => boolean) | null;
}

const mark = (
  id: string,
  label: string,
  shortcut: string,
  icon: LucideIcon,
  run: EditorCommand["run"],
): EditorCommand => ({ id, label, shortcut, icon, run, active: (editor) => editor.isActive(id) });

const heading = (level: 1 | 2 | 3, icon: LucideIcon): EditorCommand => ({
  id: `heading${level}`,
  label: `Heading ${level}`,
  shortcut: `Mod+Alt+${level}`,
  icon,
  run: (chain) => chain.toggleHeading({ level }),
  active: (editor) => editor.isActive("heading", { level }),
});

export const HISTORY: readonly EditorCommand[] = [
  {
    id: "undo",
    label: "Undo",
    shortcut: "Mod+Z",
    icon: Undo2,
    run: (chain) => chain.undo(),
    active: null,
  },
  {
    id: "redo",
    label: "Redo",
    shortcut: "Mod+Shift+Z",
    icon: Redo2,
    run: (chain) => chain.redo(),
    active: null,
  },
];

export const TEXT_STYLES: readonly EditorCommand[] = [
  {
    id: "paragraph",
    label: "Text",
    shortcut: "Mod+Alt+0",
    icon: Pilcrow,
    run: (chain) => chain.setParagraph(),
    active: (editor) => editor.isActive("paragraph"),
  },
  heading(1, Heading1),
  heading(2, Heading2),
  heading(3, Heading3),
];

export const MARKS: readonly EditorCommand[] = [
  mark("bold", "Bold", "Mod+B", Bold, (chain) => chain.toggleBold()),
  mark("italic", "Italic", "Mod+I", Italic, (chain) => chain.toggleItalic()),
  mark("underline", "Underline", "Mod+U", Underline, (chain) => chain.toggleUnderline()),
  mark("strike", "Strikethrough", "Mod+Shift+S", Strikethrough, (chain) => chain.toggleStrike()),
  mark("code", "Inline code", "Mod+E", Code, (chain) => chain.toggleCode()),
];

export const BLOCKS: readonly EditorCommand[] = [
  mark("bulletList", "Bullet list", "Mod+Shift+8", List, (chain) => chain.toggleBulletList()),
  mark("orderedList", "Numbered list", "Mod+Shift+7", ListOrdered, (chain) =>
    chain.toggleOrderedList(),
  ),
  mark("taskList", "Task list", "Mod+Shift+9", ListTodo, (chain) => chain.toggleTaskList()),
  mark("blockquote", "Quote", "Mod+Shift+B", TextQuote, (chain) => chain.toggleBlockquote()),
  mark("codeBlock", "Code block", "Mod+Alt+C", SquareCode, (chain) => chain.toggleCodeBlock()),
  {
    id: "rule",
    label: "Divider",
    shortcut: null,
    icon: Minus,
    run: (chain) => chain.setHorizontalRule(),
    active: null,
  },
];
