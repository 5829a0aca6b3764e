/** What people paste, as browsers and word processors put it on the clipboard. */
export const SNIPPETS = [
  '<p>plain</p>',
  '<p><b>bold</b> <i>italic</i> <u>under</u> <s>gone</s> <code>code</code> <b><i>both</i></b></p>',
  '<h2>Heading</h2><p>under it<br>second line</p>',
  '<ul><li>one<ul><li>two</li><li>three</li></ul></li><li>four</li></ul>',
  '<ol start="3"><li><p>three</p><p>still three</p></li><li><p>four</p></li></ol>',
  '<p><a href="https://example.org/a?b=c&amp;d=e" target="_blank">a link</a> after</p>',
  '<p><a href="javascript:alert(1)">not a link</a></p>',
  '<blockquote><p>said</p><blockquote><p>said again</p></blockquote></blockquote>',
  '<pre><code class="language-js">const a = 1 &lt; 2\n\nlet b</code></pre>',
  '<table><tr><th>h1</th><th>h2</th></tr><tr><td>a</td><td><ul><li>b</li></ul></td></tr></table>',
  '<table><tr><td colspan="2">wide</td></tr><tr><td>a</td><td>b</td></tr></table>',
  '<img src="https://example.org/p.png" alt="p" title="t">',
  '<hr><p>after the rule</p>',
  '<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>done</p></li></ul>',
  '<div><span style="font-weight: 700">heavy</span><script>alert(1)</script></div>'
]

/** What Markdown-minded people type at the start of a line, or around a word. */
export const SHORTCUTS = [
  '# ', '### ', '- ', '* ', '1. ', '7. ', '[ ] ', '[x] ', '> ', '``` ', '```python ', '--- ',
  '**strong** ', '*weak* ', '`code` ', '~~gone~~ ', 'https://example.org/auto '
]
