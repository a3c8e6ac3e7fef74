// emulate.mjs SEED: run a stateful Slack Web API on a free loopback port and print its address first.
import { createEmulator } from 'emulate'

const emulator = await createEmulator({ service: 'slack', port: 0, hostname: '127.0.0.1', seed: JSON.parse(process.argv[2]) })
console.log(emulator.url)
