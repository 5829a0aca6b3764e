// A Hocuspocus server with its defaults on any free port of 127.0.0.1; says which in one line.
// With a file it keeps documents in that SQLite database.
import { Database } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const extensions = []
if (process.argv[2]) {
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(process.argv[2])
  database.exec('CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, data BLOB NOT NULL)')
  const read = database.prepare('SELECT data FROM documents WHERE name = ?')
  const write = database.prepare(
    'INSERT INTO documents VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data',
  )
  extensions.push(
    new Database({
      fetch: async ({ documentName }) => read.get(documentName)?.data ?? null,
      store: async ({ documentName, state }) => {
        write.run(documentName, state)
      },
    }),
  )
}
const server = new Server({ quiet: true, address: '127.0.0.1', port: 0, extensions })
await server.listen()
console.log(`Hocuspocus is ready at http://127.0.0.1:${server.address.port}/`)
