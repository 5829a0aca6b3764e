import { pasteEvent, place } from './dom.js'
import { Editor } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import Image from '@tiptap/extension-image'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { TableKit } from '@tiptap/extension-table'
import StarterKit from '@tiptap/starter-kit'
import * as Y from 'yjs'
import { Pair, turn } from './pair.js'
import { Random } from './random.js'
import { Tape } from './tape.js'
import { SNIPPETS, SHORTCUTS } from './samples.js'

/** @param {Y.Doc} document */
export const createEditor = (document) =>
  new Editor({
    element: place(),
    extensions: [
      StarterKit.configure({ undoRedo: false, link: { openOnClick: false } }),
      TableKit,
      TaskList,
      TaskItem.configure({ nested: true }),
      Image.configure({ inline: false }),
      Collaboration.configure({ document })
    ]
  })

/** Type as keys do: character by character, through the input rules. */
const type = (/** @type {Editor} */ { view }, /** @type {string} */ text) => {
  for (const character of text) {
    const { from, to } = view.state.selection
    const plain = () => view.state.tr.insertText(character, from, to)
    const handled = view.someProp('handleTextInput', (f) => f(view, from, to, character, plain))
    if (!handled) view.dispatch(plain())
  }
}

/** @typedef {(editor: Editor, random: Random) => unknown} Action */

/** @type {Action} */
const select = ({ commands, state }, random) => {
  const from = random.below(state.doc.content.size + 1)
  const to = random.chance(0.5) ? from : Math.min(from + random.below(30), state.doc.content.size)
  return commands.setTextSelection({ from, to })
}

const LANGUAGES = ['python', 'js', null]

/** @type {[number, Action][]} how often, and what */
const ACTIONS = [
  [14, select],
  [10, (editor, random) => type(editor, random.words())],
  [4, (editor, random) => type(editor, random.pick(SHORTCUTS))],
  [4, ({ commands }) => commands.enter()],
  [3, ({ commands }) => commands.deleteSelection()],
  [2, ({ commands }) => commands.joinBackward()],
  [2, ({ commands }) => commands.setHardBreak()],
  [1, ({ commands }) => commands.setHorizontalRule()],
  [2, ({ commands }) => commands.toggleBold()],
  [2, ({ commands }) => commands.toggleItalic()],
  [1, ({ commands }) => commands.toggleStrike()],
  [1, ({ commands }) => commands.toggleUnderline()],
  [1, ({ commands }) => commands.toggleCode()],
  [2, ({ commands }, random) => commands.setLink({ href: `https://example.org/${random.below(9)}` })],
  [1, ({ commands }) => commands.unsetLink()],
  [1, ({ commands }) => commands.unsetAllMarks()],
  [2, ({ commands }, random) =>
    commands.toggleHeading({ level: random.pick(/** @type {const} */ ([1, 2, 3, 4, 5, 6])) })],
  [1, ({ commands }) => commands.setParagraph()],
  [3, ({ commands }) => commands.toggleBulletList()],
  [2, ({ commands }) => commands.toggleOrderedList()],
  [3, ({ commands }) => commands.toggleTaskList()],
  [3, ({ commands }, random) => commands.sinkListItem(random.pick(['listItem', 'taskItem']))],
  [1, ({ commands }, random) => commands.liftListItem(random.pick(['listItem', 'taskItem']))],
  [1, ({ commands }, random) =>
    commands.updateAttributes('taskItem', { checked: random.chance(0.5) })],
  [2, ({ commands }) => commands.toggleBlockquote()],
  [2, ({ commands }, random) =>
    commands.toggleCodeBlock({ language: /** @type {string} */ (random.pick(LANGUAGES)) })],
  [2, ({ commands }, random) =>
    commands.setImage({ src: 'https://example.org/i.png', alt: random.words(), title: 'an "image"' })],
  [2, ({ commands }, random) => commands.insertTable(
    { rows: 1 + random.below(3), cols: 1 + random.below(3), withHeaderRow: random.chance(0.7) })],
  [2, ({ commands }) => commands.addRowAfter()],
  [1, ({ commands }) => commands.addRowBefore()],
  [2, ({ commands }) => commands.addColumnAfter()],
  [2, ({ commands }) => commands.deleteRow()],
  [2, ({ commands }) => commands.deleteColumn()],
  [1, ({ commands }) => commands.toggleHeaderRow()],
  [1, ({ commands }) => commands.deleteTable()],
  [3, ({ commands }) => commands.undo()],
  [2, ({ commands }) => commands.redo()],
  [3, ({ view }, random) => view.pasteHTML(random.pick(SNIPPETS), pasteEvent())],
  [1, ({ view }, random) => view.pasteText(`${random.words()}\n\n${random.words()}`, pasteEvent())]
]

const BAG = ACTIONS.flatMap(([weight, action]) => Array.from({ length: weight }, () => action))

const LARGEST = 1500

/** @param {Editor} editor @param {Random} random */
export const act = (editor, random) => {
  const { size } = editor.state.doc.content
  if (size > LARGEST) {
    const from = random.below(size / 2)
    editor.commands.deleteRange({ from, to: from + size / 2 })
  } else {
    random.pick(BAG)(editor, random)
  }
}

/** @param {Tape} tape @param {Random} random @param {number} steps */
export const record = async (tape, random, steps) => {
  const pair = new Pair(random)
  pair.docs.forEach((doc) => tape.follow(doc))
  const editors = pair.docs.map(createEditor)
  await turn()
  for (let step = 1; step <= steps; step++) {
    const side = random.pick(/** @type {const} */ ([0, 1]))
    act(/** @type {Editor} */ (editors[side]), random)
    if (random.chance(0.15)) pair.deliver(side)
    if (random.chance(0.05)) await turn()
    if (step % 25 === 0) {
      pair.settle()
      pair.check()
      tape.document(pair.docs[0], 'default', editors[0]?.getJSON())
    }
  }
  tape.derived(pair.docs)
}
