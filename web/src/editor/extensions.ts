import type { Extensions } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { Image } from "@tiptap/extension-image";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { TableKit } from "@tiptap/extension-table";
import { Placeholder } from "@tiptap/extensions";
import StarterKit from "@tiptap/starter-kit";
import type { NoteSession } from "../note/NoteSession";
import { Carets } from "./carets";
import { CodeHighlight } from "./codeHighlight";
import { TaskShortcut } from "./taskShortcut";

/** The nodes and marks of a note: the schema that the server's exports know. */
export function contentExtensions(): Extensions {
  return [
    StarterKit.configure({
      // Undo comes from the shared document: it takes back one's own edits only.
      undoRedo: false,
      // It would write into the shared document from every tab that merely looks at it.
      trailingNode: false,
      link: {
        openOnClick: false,
        autolink: true,
        defaultProtocol: "https",
        HTMLAttributes: { rel: "noopener noreferrer nofollow", target: null },
      },
      codeBlock: { defaultLanguage: null },
      dropcursor: { color: "var(--accent)", width: 2 },
    }),
    TaskList,
    TaskItem.configure({
      nested: true,
      a11y: { checkboxLabel: (node) => `Done: ${node.textContent || "empty task"}` },
    }),
    TableKit.configure({ table: { resizable: false, renderWrapper: true } }),
    Image.configure({ inline: false, allowBase64: false }),
  ];
}

/** All that the editor of an open note is made of. */
export function noteExtensions(session: NoteSession): Extensions {
  return [
    ...contentExtensions(),
    Placeholder.configure({
      includeChildren: false,
      placeholder: ({ editor, node }) => {
        if (node.type.name === "heading") return `Heading ${String(node.attrs["level"])}`;
        return editor.isEmpty ? "Write something, or start with # for a heading…" : "";
      },
    }),
    TaskShortcut,
    CodeHighlight,
    Collaboration.configure({ document: session.doc, field: "default" }),
    Carets.configure({ awareness: session.awareness }),
  ];
}
