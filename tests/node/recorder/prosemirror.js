import { pasteEvent, place } from './dom.js'
import { Schema } from 'prosemirror-model'
import { schema as basic } from 'prosemirror-schema-basic'
import { addListNodes, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list'
import { EditorState, TextSelection } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import {
  absolutePositionToRelativePosition, redo, undo, yCursorPlugin, ySyncPlugin, ySyncPluginKey,
  yUndoPlugin
} from 'y-prosemirror'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { Pair, turn } from './pair.js'
import { Random } from './random.js'
import { SNIPPETS } from './samples.js'
import { Tape } from './tape.js'

const schema = new Schema({
  nodes: addListNodes(basic.spec.nodes, 'paragraph block*', 'block'),
  marks: basic.spec.marks
})

/** @param {Y.Doc} doc @param {Awareness} awareness */
const createView = (doc, awareness) => {
  const fragment = doc.getXmlFragment('prosemirror')
  const plugins = [ySyncPlugin(fragment), yCursorPlugin(awareness), yUndoPlugin()]
  return new EditorView(place(), { state: EditorState.create({ schema, plugins }) })
}

/** @typedef {(view: EditorView, random: Random) => unknown} Action */

const node = (/** @type {string} */ name) => /** @type {import('prosemirror-model').NodeType} */ (schema.nodes[name])
const mark = (/** @type {string} */ name) => /** @type {import('prosemirror-model').MarkType} */ (schema.marks[name])

/** @type {Action} */
const select = ({ state, dispatch: _ }, random) => {
  const { doc } = state
  const from = doc.resolve(random.below(doc.content.size + 1))
  const to = doc.resolve(Math.min(from.pos + random.below(20), doc.content.size))
  return state.tr.setSelection(TextSelection.between(from, random.chance(0.5) ? from : to))
}

/** @type {Action[]} */
const EDITS = [
  select,
  select,
  ({ state }, random) => state.tr.insertText(random.words()),
  ({ state }, random) => state.tr.insertText(random.words()),
  ({ state }) => state.tr.deleteSelection(),
  ({ state }) => state.tr.replaceSelectionWith(node('horizontal_rule').create()),
  ({ state }) => state.tr.replaceSelectionWith(node('hard_break').create()),
  ({ state }, random) => {
    const { from, to } = state.selection
    const name = random.pick(['strong', 'em', 'code'])
    return random.chance(0.7)
      ? state.tr.addMark(from, to, mark(name).create())
      : state.tr.removeMark(from, to, mark(name))
  },
  ({ state }, random) => {
    const { from, to } = state.selection
    return state.tr.setBlockType(from, to, node('heading'), { level: 1 + random.below(6) })
  },
  ({ state }) => state.tr.setBlockType(state.selection.from, state.selection.to, node('paragraph'))
]

/** @type {((view: EditorView, random: Random) => void)[]} */
const COMMANDS = [
  ({ state, dispatch }) => { wrapInList(node('bullet_list'))(state, dispatch) },
  ({ state, dispatch }) => { splitListItem(node('list_item'))(state, dispatch) },
  ({ state, dispatch }) => { sinkListItem(node('list_item'))(state, dispatch) },
  ({ state }) => { undo(state) },
  ({ state }) => { redo(state) },
  (view, random) => { view.pasteHTML(random.pick(SNIPPETS), pasteEvent()) }
]

/** Move the caret that others see, as the cursor plugin does for a focused editor. */
const showCaret = (/** @type {EditorView} */ view, /** @type {Awareness} */ awareness) => {
  const { type, binding } = ySyncPluginKey.getState(view.state)
  const { anchor, head } = view.state.selection
  const place = (/** @type {number} */ position) =>
    absolutePositionToRelativePosition(position, type, binding.mapping)
  awareness.setLocalStateField('cursor', { anchor: place(anchor), head: place(head) })
}

/** @param {Tape} tape @param {Random} random @param {number} steps */
export const record = async (tape, random, steps) => {
  const pair = new Pair(random)
  pair.docs.forEach((doc) => tape.follow(doc))
  const awareness = pair.docs.map((doc) => new Awareness(doc))
  awareness.forEach((own, side) => {
    own.setLocalStateField('user', { name: `Writer ${side} 🙂`, color: '#30bced' })
    own.on('update', () => {
      const update = encodeAwarenessUpdate(own, [...own.getStates().keys()])
      tape.bytes(update, 'awareness', { states: [...own.getStates()] })
    })
  })
  const views = pair.docs.map((doc, side) =>
    createView(doc, /** @type {Awareness} */ (awareness[side])))
  await turn()
  for (let step = 0; step < steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    const view = /** @type {EditorView} */ (views[side])
    if (random.chance(0.25)) {
      random.pick(COMMANDS)(view, random)
    } else {
      view.dispatch(/** @type {import('prosemirror-state').Transaction} */ (
        random.pick(EDITS)(view, random)))
    }
    if (random.chance(0.1)) showCaret(view, /** @type {Awareness} */ (awareness[side]))
    if (random.chance(0.15)) pair.deliver(side)
    if (random.chance(0.05)) await turn()
  }
  pair.settle()
  pair.check()
  tape.derived(pair.docs)
}
