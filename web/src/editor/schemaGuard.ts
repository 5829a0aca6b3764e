import type { Schema } from "@tiptap/pm/model";
import * as Y from "yjs";

/**
 * An editor deletes from the shared document what its schema does not know. So a note is only
 * handed to the editor while all its nodes and marks are known here.
 */

type XmlType = Y.XmlFragment | Y.XmlElement | Y.XmlText | Y.XmlHook;

/** Names of nodes and marks in the tree under `root` that the schema lacks, each once. */
export function unknownTypes(root: Y.XmlFragment, schema: Schema): readonly string[] {
  const found = new Set<string>();
  collect(root, schema, found);
  return [...found].sort();
}

function collect(root: XmlType, schema: Schema, found: Set<string>): void {
  const open: XmlType[] = [root];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (type instanceof Y.XmlText) collectMarks(type, schema, found);
    else if (type instanceof Y.XmlHook) found.add("hook");
    else {
      if (type instanceof Y.XmlElement && schema.nodes[type.nodeName] === undefined) {
        found.add(type.nodeName);
      }
      open.push(...(type.toArray() as XmlType[]));
    }
  }
}

function collectMarks(text: Y.XmlText, schema: Schema, found: Set<string>): void {
  for (const part of text.toDelta() as { attributes?: Record<string, unknown> }[]) {
    for (const [attribute, value] of Object.entries(part.attributes ?? {})) {
      // Marks that may overlap are written as name--hash.
      const name = attribute.split("--")[0] ?? attribute;
      if (value !== null && schema.marks[name] === undefined) found.add(name);
    }
  }
}

/**
 * Call `alarm` when a change from elsewhere brings something unknown, before any observer of
 * the document, the editor's binding among them, sees that change.
 */
export function watchUnknownTypes(
  doc: Y.Doc,
  root: Y.XmlFragment,
  schema: Schema,
  alarm: (names: readonly string[]) => void,
): () => void {
  const check = (transaction: Y.Transaction) => {
    if (transaction.local) return;
    const found = new Set<string>();
    for (const type of transaction.changed.keys()) {
      if (isUnder(type, root)) collectChanged(type, transaction, schema, found);
    }
    if (found.size > 0) alarm([...found].sort());
  };
  doc.on("beforeObserverCalls", check);
  return () => doc.off("beforeObserverCalls", check);
}

function collectChanged(
  type: Y.AbstractType<Y.YEvent<XmlType>>,
  transaction: Y.Transaction,
  schema: Schema,
  found: Set<string>,
): void {
  if (type instanceof Y.XmlText) collectMarks(type, schema, found);
  else if (type instanceof Y.XmlFragment) {
    for (const child of type.toArray() as XmlType[]) {
      if (isNew(child, transaction)) collect(child, schema, found);
    }
  }
}

function isNew(type: XmlType, transaction: Y.Transaction): boolean {
  const id = type._item?.id;
  return id !== undefined && id.clock >= (transaction.beforeState.get(id.client) ?? 0);
}

function isUnder(type: Y.AbstractType<Y.YEvent<XmlType>>, root: Y.XmlFragment): boolean {
  for (let at: unknown = type; at instanceof Y.AbstractType; at = at.parent) {
    if (at === root) return true;
  }
  return false;
}
