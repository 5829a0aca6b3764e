import { place } from './dom.js'
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { yCollab } from 'y-codemirror.next'
import * as Y from 'yjs'
import { Pair } from './pair.js'
import { reachable } from './places.js'
import { Random } from './random.js'
import { Tape } from './tape.js'

const LARGEST = 4000

/** @param {EditorView} view @param {Random} random */
const act = (view, random) => {
  const text = view.state.doc.toString()
  const { length } = text
  const start = random.below(length + 1)
  const end = Math.min(length, start + random.below(length > LARGEST ? length : 12))
  const [from, to] = [reachable(text, start), reachable(text, end)]
  switch (random.below(6)) {
    case 0:
      return view.dispatch({ changes: { from, to } })
    case 1:
      return view.dispatch({ changes: { from, to, insert: random.words() } })
    case 2: // several places at once, as multiple carets do
      return view.dispatch({ changes: [{ from: 0, insert: '\t' }, { from: length, insert: '\n}' }] })
    case 3:
      return view.dispatch({ selection: { anchor: from, head: to } })
    default:
      return view.dispatch({ changes: { from, insert: `${random.words()}\n` } })
  }
}

/** @param {Tape} tape @param {Random} random @param {number} steps */
export const record = async (tape, random, steps) => {
  const pair = new Pair(random)
  pair.docs.forEach((doc) => tape.follow(doc))
  const undo = pair.docs.map((doc) => new Y.UndoManager(doc.getText('codemirror')))
  const views = pair.docs.map((doc, side) => {
    const awareness = new Awareness(doc)
    awareness.setLocalStateField('user', { name: 'Ana', colorLight: '#30bced33' })
    awareness.on('update', () => {
      const update = encodeAwarenessUpdate(awareness, [doc.clientID])
      tape.bytes(update, 'awareness', { states: [...awareness.getStates()] })
    })
    const undoManager = /** @type {Y.UndoManager} */ (undo[side])
    const text = doc.getText('codemirror')
    const extensions = [yCollab(text, awareness, { undoManager })]
    const state = EditorState.create({ doc: '', extensions })
    const view = new EditorView({ parent: place(), state })
    view.contentDOM.tabIndex = 0 // jsdom focuses nothing else, and carets of others need focus
    return view
  })
  for (let step = 0; step < steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    if (random.chance(0.1)) undo[side]?.undo()
    else if (random.chance(0.05)) undo[side]?.redo()
    else {
      views[side]?.focus()
      act(/** @type {EditorView} */ (views[side]), random)
    }
    if (random.chance(0.15)) pair.deliver(side)
  }
  pair.settle()
  pair.check()
  const shown = views.map((view) => view.state.doc.toString())
  if (shown[0] !== shown[1]) throw new Error('the two editors show different texts')
  tape.document(pair.docs[0], 'codemirror', shown[0])
  tape.derived(pair.docs)
}
