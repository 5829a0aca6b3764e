import type { LocalContent } from "../editor/NoteEditor";
import type { NoteSession } from "./NoteSession";

export type LocalFormat = "markdown" | "html" | "text" | "json" | "update";

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
  switch (format) {
    case "markdown": {
      const { markdownFrom } = await import("../editor/localMarkdown");
      saveFile(fileName(title, "md"), "text/markdown", markdownFrom(content.json()));
      break;
    }
    case "html":
      saveFile(fileName(title, "html"), "text/html", content.html());
      break;
    case "text":
      saveFile(fileName(title, "txt"), "text/plain", content.text());
      break;
    case "json":
      saveFile(
        fileName(title, "json"),
        "application/json",
        JSON.stringify(content.json(), null, 2),
      );
      break;
  }
}
