import { place } from './dom.js'
import * as Y from 'yjs'
import { Pair } from './pair.js'
import { reachable } from './places.js'
import { Random } from './random.js'
import { Tape } from './tape.js'

const { default: Quill } = await import('quill')
const { QuillBinding } = await import('y-quill')

/** @type {readonly [string, unknown][]} */
const INLINE = [
  ['bold', true], ['bold', false], ['italic', true], ['underline', true], ['strike', true],
  ['code', true], ['link', 'https://example.org/'], ['link', null], ['color', '#ff0000'],
  ['background', null], ['size', 'huge'], ['script', 'super']
]
/** @type {readonly [string, unknown][]} */
const LINES = [
  ['header', 1], ['header', null], ['list', 'bullet'], ['list', 'ordered'], ['list', 'checked'],
  ['blockquote', true], ['code-block', true], ['align', 'center'], ['indent', '+1']
]
/** @type {readonly [string, unknown][]} */
const EMBEDS = [
  ['image', 'https://example.org/i.png'], ['video', 'https://example.org/v'], ['image', 'data:,']
]

const LARGEST = 2000

/** @typedef {InstanceType<typeof Quill>} Editor */

/**
 * A random range that a caret can reach. Quill's diff recurses for ever when a surrogate pair is
 * cut.
 *
 * @param {Editor} quill @param {Random} random
 */
const range = (quill, random) => {
  const text = quill.getContents().ops
    .map((/** @type {{ insert?: unknown }} */ { insert }) => typeof insert === 'string' ? insert : '\ufffc').join('')
  const { length } = text
  const at = random.below(length)
  const span = Math.min(random.below(length > LARGEST ? length : 15) + 1, length - at)
  const start = reachable(text, at)
  return { at: start, span: Math.max(1, reachable(text, at + span) - start) }
}

/** @param {Editor} quill @param {Random} random */
const act = (quill, random) => {
  const { at, span } = range(quill, random)
  switch (random.below(7)) {
    case 0:
      return quill.deleteText(at, span, 'user')
    case 1: {
      const [name, value] = random.pick(INLINE)
      return quill.formatText(at, span, name, value, 'user')
    }
    case 2: {
      const [name, value] = random.pick(LINES)
      return quill.formatLine(at, span, name, value, 'user')
    }
    case 3: {
      const [name, value] = random.pick(EMBEDS)
      return quill.insertEmbed(at, name, value, 'user')
    }
    case 4:
      return quill.insertText(at, `${random.words()}\n`, 'user')
    case 5:
      return quill.insertText(at, random.words(), { bold: true, link: null }, 'user')
    default:
      return quill.insertText(at, random.words(), 'user')
  }
}

/** @param {Tape} tape @param {Random} random @param {number} steps */
export const record = async (tape, random, steps) => {
  const pair = new Pair(random)
  pair.docs.forEach((doc) => tape.follow(doc))
  const undo = pair.docs.map((doc) => new Y.UndoManager(doc.getText('quill')))
  const editors = pair.docs.map((doc) => {
    const quill = new Quill(place())
    return { quill, binding: new QuillBinding(doc.getText('quill'), quill) }
  })
  undo.forEach((manager, side) => manager.trackedOrigins.add(editors[side]?.binding))
  for (let step = 0; step < steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    const editor = editors[side]
    if (editor === undefined) throw new Error('two editors were made')
    if (random.chance(0.08)) undo[side]?.undo()
    else if (random.chance(0.04)) undo[side]?.redo()
    else act(editor.quill, random)
    if (random.chance(0.15)) pair.deliver(side)
  }
  pair.settle()
  pair.check()
  tape.derived(pair.docs)
}
