import type { LocalContent } from "../editor/NoteEditor";
import type { NoteSession } from "./NoteSession";

/** The exports that are text, and their files' extension and media type. */
const FILES = {
  markdown: ["md", "text/markdown"],
  html: ["html", "text/html"],
  text: ["txt", "text/plain"],
  json: ["json", "application/json"],
} as const;

export type TextFormat = keyof typeof FILES;
export type LocalFormat = TextFormat | "update";

/** Give the browser an export as a file named after the note. */
export function saveExport(title: string, format: TextFormat, text: string): void {
  const [extension, type] = FILES[format];
  saveFile(fileName(title, extension), type, text);
}

/** Give the browser a file to keep. */
export function saveFile(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download starts after this turn; the address must still be good then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A file name from a title: no character that a file system or a shell gives a meaning. */
export function fileName(title: string, extension: string): string {
  const stem = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{N} ._-]+/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/^[. ]+|[. ]+$/g, "")
    .slice(0, 80)
    .trim();
  return `${stem === "" ? "note" : stem}.${extension}`;
}

/** Save the copy of this device as a file, without the server. */
export async function exportLocal(
  session: NoteSession,
  content: LocalContent | null,
  format: LocalFormat,
): Promise<void> {
  const { title } = session.title.state.get();
  if (format === "update") {
    const update = session.localUpdate();
    saveFile(fileName(title, "yjs"), "application/octet-stream", new Uint8Array(update));
    return;
  }
  if (content === null) throw new Error("There is no text on this device to export.");
  saveExport(title, format, await textOf(content, format));
}

async function textOf(content: LocalContent, format: TextFormat): Promise<string> {
  switch (format) {
    case "markdown":
      return (await import("../editor/localMarkdown")).markdownFrom(content.json());
    case "html":
      return content.html();
    case "text":
      return content.text();
    case "json":
      return JSON.stringify(content.json(), null, 2);
  }
}
