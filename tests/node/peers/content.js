import * as Y from 'yjs'

/** @param {string} data @returns {Uint8Array} */
export const fromBase64 = (data) => new Uint8Array(Buffer.from(data, 'base64'))

/** @param {Uint8Array} bytes */
export const toBase64 = (bytes) => Buffer.from(bytes).toString('base64')

/** The state vector, sorted so that equal ones compare equal. @param {Y.Doc} doc */
export const clocks = (doc) =>
  [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b)

/** Whether updates wait for others that they build on. @param {Y.Doc} doc */
export const isPending = (doc) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null

/**
 * What a root reads as: a text's characters, an XML fragment's markup.
 *
 * @param {Y.Doc} doc @param {string} root @param {'text' | 'xml'} kind
 */
export const read = (doc, root, kind) =>
  kind === 'text' ? doc.getText(root).toString() : doc.getXmlFragment(root).toString()

/**
 * A paragraph's text node, made when the paragraph is new or empty.
 *
 * @param {Y.Doc} doc @param {string} root @param {number} index
 */
const textOf = (doc, root, index) => {
  const fragment = doc.getXmlFragment(root)
  while (fragment.length <= index) {
    fragment.insert(fragment.length, [new Y.XmlElement('paragraph')])
  }
  const paragraph = /** @type {Y.XmlElement} */ (fragment.get(index))
  if (paragraph.length === 0) paragraph.insert(0, [new Y.XmlText()])
  return /** @type {Y.XmlText} */ (/** @type {unknown} */ (paragraph.get(0)))
}

/**
 * The text to type into: a shared text, or one paragraph of a note.
 *
 * @param {Y.Doc} doc @param {string} root @param {number | null} paragraph
 * @returns {Y.Text}
 */
export const target = (doc, root, paragraph) =>
  paragraph === null ? doc.getText(root) : textOf(doc, root, paragraph)
