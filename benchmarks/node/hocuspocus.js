// A Hocuspocus server with its defaults on any free port of 127.0.0.1; says which in one line.
import { Server } from '@hocuspocus/server'

const server = new Server({ quiet: true, address: '127.0.0.1', port: 0 })
await server.listen()
console.log(`Hocuspocus is ready at http://127.0.0.1:${server.address.port}/`)
