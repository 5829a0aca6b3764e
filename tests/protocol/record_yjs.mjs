// Records what Yjs writes while three replicas edit every shared type at random and exchange
// updates late, twice and out of order:
//
//     node tests/protocol/record_yjs.mjs > tests/protocol/yjs_updates.json
//
// Prints a list of histories, each a list of [update, its state vector according to Yjs] in hex.

import { createRequire } from "node:module";

const Y = createRequire(new URL("../../web/package.json", import.meta.url))("yjs");

const HISTORIES = 10;
const STEPS = 30;

let state = 20240229;
const random = () => {
  state = (state * 1664525 + 1013904223) % 4294967296;
  return state / 4294967296;
};
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];
const several = (limit, make) => Array.from({ length: 1 + below(limit) }, make);

const words = ["a", "word", "ü", "😀", "日本", "\n"];
const values = [
  null, true, 1, -5, 1.5, NaN, Infinity, "s", "😀", 2 ** 31, 2 ** 53 - 1,
  { a: [1, { b: null }] }, [[], {}], new Uint8Array([1, 2, 3]),
];
const mapValues = [...values, undefined, 10n, -(2n ** 63n)];
const formats = [{ b: true }, { b: null }, { link: { href: "x", n: 1e21 } }, { "mark--x": {} }];

// Edits stay between whole characters, as those of every editor do.
const place = (text) => Array.from(text.toString().slice(0, below(text.length + 1))).join("")
  .replace(/[\ud800-\udbff]$/, "").length;
const paragraph = () => {
  const element = new Y.XmlElement("p");
  element.setAttribute("level", 2);
  element.insert(0, [new Y.XmlText("hi"), new Y.XmlElement("br")]);
  return element;
};
const nested = () => pick([
  () => new Y.Map([["q", 1]]), () => new Y.Array(), () => new Y.Text("n"), paragraph,
  () => new Y.XmlFragment(), () => new Y.XmlText("z"),
  () => new Y.Doc({ guid: "sub", meta: { a: 1 }, autoLoad: true }),
])();

const edits = [
  (doc) => doc.getText("t").insert(place(doc.getText("t")), pick(words)),
  (doc) => doc.getText("t").insert(place(doc.getText("t")), pick(words)),
  (doc) => {
    const text = doc.getText("t");
    const [start, end] = [place(text), place(text)].sort((a, b) => a - b);
    text.delete(start, end - start);
  },
  (doc) => doc.getText("rich").insert(0, "abc", pick([undefined, ...formats])),
  (doc) => doc.getText("rich").format(0, Math.min(2, doc.getText("rich").length), pick(formats)),
  (doc) => doc.getText("rich").insertEmbed(0, pick([{ image: "u" }, new Y.Map(), "str", 5])),
  (doc) => doc.getText("rich").setAttribute("k", pick(values)),
  (doc) => doc.getMap("m").set(pick("abc"), pick(mapValues)),
  (doc) => doc.getMap("m").set(pick("xyz"), nested()),
  (doc) => doc.getMap("m").delete(pick("abcxyz")),
  (doc) => doc.getArray("l").insert(0, several(4, () => pick(values))),
  (doc) => doc.getArray("l").delete(0, Math.min(2, doc.getArray("l").length)),
  (doc) => doc.getXmlFragment("x").insert(0, [paragraph()]),
  (doc) => doc.getXmlFragment("x").delete(0, Math.min(1, doc.getXmlFragment("x").length)),
];

function replica(gc) {
  const doc = new Y.Doc({ gc });
  doc.clientID = 1 + below(4294967295);
  const scope = [doc.getText("t"), doc.getMap("m"), doc.getXmlFragment("x")];
  const undo = new Y.UndoManager(scope, { captureTimeout: 0 });
  const written = [];
  doc.on("update", (update) => written.push(update));
  return { doc, undo, written };
}

function history(number) {
  const replicas = [0, 1, 2].map(() => replica(number % 3 !== 0));
  const updates = [];
  const exchange = (from, to) => {
    const update = Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc));
    updates.push(update);
    Y.applyUpdate(to.doc, update);
  };
  const merge = (written, known) => {
    const merged = Y.mergeUpdates(several(6, () => pick(written)));
    updates.push(merged, Y.diffUpdate(merged, known));
  };
  for (let step = 0; step < STEPS; step++) {
    const each = pick(replicas);
    const written = replicas.flatMap((other) => other.written);
    const what = below(10);
    if (what < 6) each.doc.transact(() => several(3, () => pick(edits)(each.doc)));
    else if (what === 6) pick([() => each.undo.undo(), () => each.undo.redo()])();
    else if (what === 7) exchange(each, pick(replicas));
    else if (written.length === 0) continue;
    else if (what === 8) Y.applyUpdate(each.doc, pick(written));
    else merge(written, Y.encodeStateVector(each.doc));
  }
  for (const { doc, written } of replicas) updates.push(...written, Y.encodeStateAsUpdate(doc));
  return updates.map((update) =>
    [update, Y.encodeStateVectorFromUpdate(update)].map((bytes) =>
      Buffer.from(bytes).toString("hex")));
}

const histories = Array.from({ length: HISTORIES }, (_, number) => history(number));
process.stdout.write(`${JSON.stringify(histories, null, 1)}\n`);
