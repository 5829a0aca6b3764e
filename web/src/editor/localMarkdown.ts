import type { JSONContent } from "@tiptap/core";
import { MarkdownManager } from "@tiptap/markdown";
import { contentExtensions } from "./extensions";

/** Markdown of an editor's content, made on this device; the server's export is the rule. */
export function markdownFrom(content: unknown): string {
  const manager = new MarkdownManager({ extensions: contentExtensions() });
  return `${manager.serialize(content as JSONContent).trimEnd()}\n`;
}
