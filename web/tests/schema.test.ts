import { getSchema } from "@tiptap/core";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { contentExtensions } from "../src/editor/extensions";
import { highlight } from "../src/editor/highlighter";
import { LANGUAGES } from "../src/editor/languages";
import { markdownFrom } from "../src/editor/localMarkdown";
import { unknownTypes, watchUnknownTypes } from "../src/editor/schemaGuard";

const schema = getSchema(contentExtensions());

function paragraph(text: string, marks: Record<string, unknown> = {}): Y.XmlElement {
  const element = new Y.XmlElement("paragraph");
  const child = new Y.XmlText();
  child.insert(0, text, marks);
  element.insert(0, [child]);
  return element;
}

/** A document and a copy of it that hears of its changes as of a peer's. */
function pair(): { doc: Y.Doc; peer: Y.Doc; fragment: Y.XmlFragment } {
  const doc = new Y.Doc();
  const peer = new Y.Doc();
  peer.on("update", (update: Uint8Array) => Y.applyUpdate(doc, update, "socket"));
  return { doc, peer, fragment: doc.getXmlFragment("default") };
}

describe("schema guard", () => {
  test("[WB7] what the editor writes is known", () => {
    const fragment = new Y.Doc().getXmlFragment("default");
    const table = new Y.XmlElement("table");
    const row = new Y.XmlElement("tableRow");
    const cell = new Y.XmlElement("tableCell");
    cell.insert(0, [paragraph("x", { bold: {}, "link--hash": { href: "https://x" } })]);
    row.insert(0, [cell]);
    table.insert(0, [row]);
    fragment.insert(0, [table, new Y.XmlElement("horizontalRule"), paragraph("y", { code: {} })]);
    expect(unknownTypes(fragment, schema)).toEqual([]);
  });

  test("[WB7] unknown nodes and marks are found at any depth, each once", () => {
    const fragment = new Y.Doc().getXmlFragment("default");
    const group = new Y.XmlElement("blockGroup");
    group.insert(0, [new Y.XmlElement("blockContainer"), new Y.XmlElement("blockContainer")]);
    fragment.insert(0, [group, paragraph("x", { highlight: {} })]);
    expect(unknownTypes(fragment, schema)).toEqual(["blockContainer", "blockGroup", "highlight"]);
  });

  test("[WB7] a peer's change is seen before any observer of the document", () => {
    const { doc, peer, fragment } = pair();
    const order: string[] = [];
    fragment.observeDeep(() => order.push("observer"));
    watchUnknownTypes(doc, fragment, schema, (names) => order.push(names.join()));
    peer.getXmlFragment("default").insert(0, [paragraph("fine")]);
    peer.getXmlFragment("default").insert(1, [new Y.XmlElement("mention")]);
    expect(order).toEqual(["observer", "mention", "observer"]);
  });

  test("[WB7] a mark that a peer puts on known text is seen", () => {
    const { doc, peer, fragment } = pair();
    const alarms: string[] = [];
    peer.getXmlFragment("default").insert(0, [paragraph("text")]);
    const stop = watchUnknownTypes(doc, fragment, schema, (names) => alarms.push(...names));
    const text = (peer.getXmlFragment("default").get(0) as Y.XmlElement).get(0) as Y.XmlText;
    text.format(0, 2, { bold: {} });
    text.format(0, 2, { comment: { id: 1 } });
    expect(alarms).toEqual(["comment"]);
    stop();
    text.format(0, 3, { other: {} });
    expect(alarms).toEqual(["comment"]);
  });

  test("other roots of the document are nobody's business", () => {
    const { doc, peer, fragment } = pair();
    const alarms: string[] = [];
    watchUnknownTypes(doc, fragment, schema, (names) => alarms.push(...names));
    peer.getXmlFragment("other").insert(0, [new Y.XmlElement("mention")]);
    peer.getText("content").insert(0, "x", { strange: true });
    expect(alarms).toEqual([]);
  });
});

describe("code", () => {
  test("tokens cover the text they name", () => {
    const code = 'const 漢 = "x"; // 1';
    const tokens = highlight("javascript", code);
    expect(tokens.map(({ from, to }) => code.slice(from, to))).toContain('"x"');
    expect(tokens.find(({ from }) => from === 0)?.classes).toBe("hljs-keyword");
    expect(highlight("no-such-language", code)).toEqual([]);
  });

  test("every language of the menu can be highlighted", () => {
    for (const [id] of LANGUAGES) expect(() => highlight(id, "x = 1")).not.toThrow();
  });
});

test("[WB13] Markdown can be made without the server", () => {
  const content = {
    type: "doc",
    content: [
      { type: "heading", attrs: { level: 2 }, content: [{ type: "text", text: "Plan" }] },
      {
        type: "taskList",
        content: [
          {
            type: "taskItem",
            attrs: { checked: true },
            content: [
              {
                type: "paragraph",
                content: [{ type: "text", text: "ship", marks: [{ type: "bold" }] }],
              },
            ],
          },
        ],
      },
    ],
  };
  expect(markdownFrom(content)).toBe("## Plan\n\n- [x] **ship**\n");
});
