// emulate.mjs SEED: a stateful Slack Web API on a free loopback port; its address is the first line of standard output.
import { createEmulator } from 'emulate'

const emulator = await createEmulator({ service: 'slack', port: 0, hostname: '127.0.0.1', seed: JSON.parse(process.argv[2]) })
console.log(emulator.url)
