// node_app.mjs API_URL APP_TOKEN BOT_TOKEN: a small Slack app made with Slack's official Node clients.
//
// It answers a message in its thread with a button, opens a dialog on a press, edits its answer when the dialog is
// submitted, and acks a command with a payload. It prints one line of JSON for each action.
import { LogLevel, SocketModeClient } from '@slack/socket-mode'
import { WebClient } from '@slack/web-api'

const [slackApiUrl, appToken, botToken] = process.argv.slice(2)
const web = new WebClient(botToken, { slackApiUrl, retryConfig: { retries: 0 } })
const socket = new SocketModeClient({
  appToken,
  clientOptions: { slackApiUrl },
  clientPingTimeout: 500, // Also the wait before it reconnects.
  logLevel: LogLevel.ERROR,
})
const report = (did, more = {}) => console.log(JSON.stringify({ did, ...more }))
const plain = (text) => ({ type: 'plain_text', text })

const button = { type: 'button', action_id: 'look', text: plain('Look'), value: 'plan-1' }
const dialog = (text) => ({
  type: 'modal',
  callback_id: 'sure',
  title: plain('Sure?'),
  submit: plain('Apply'),
  private_metadata: text,
  blocks: [{ type: 'section', text: plain('It restarts.') }],
})

async function onMessage({ ack, event, body }) {
  await ack()
  if (event.bot_id || event.subtype) return
  const answer = await web.chat.postMessage({
    channel: event.channel,
    thread_ts: event.ts,
    text: `heard ${event.text}`,
    blocks: [{ type: 'section', text: plain(event.text) }, { type: 'actions', elements: [button] }],
    metadata: { event_type: 'peer', event_payload: { event: body.event_id } },
  })
  report('answered', { event_id: body.event_id, ts: answer.ts, channel: answer.channel })
}

async function onInteraction({ ack, body }) {
  if (body.type === 'block_actions') {
    await ack()
    const { channel, message } = body
    const where = JSON.stringify({ channel: channel.id, ts: message.ts })
    const opened = await web.views.open({ trigger_id: body.trigger_id, view: dialog(where) })
    report('opened', { value: body.actions[0].value, user: body.user.id, view: opened.view.id })
  } else if (body.type === 'view_submission') {
    await ack({ response_action: 'clear' })
    const { channel, ts } = JSON.parse(body.view.private_metadata)
    await web.chat.update({ channel, ts, text: 'done', blocks: [{ type: 'section', text: plain('done') }] })
    report('updated', { ts, callback_id: body.view.callback_id })
  } else {
    await ack()
    report('ignored', { type: body.type })
  }
}

async function onCommand({ ack, body }) {
  await ack({ response_type: 'ephemeral', text: `you typed ${body.command} ${body.text}` })
  report('acked', { command: body.command, user: body.user_id })
}

// Print a failure and exit, so that a test that waits for a line sees the reason.
const guarded = (listener) => (payload) => listener(payload).catch(fail)
function fail(error) {
  report('failed', { error: String(error), data: error.data })
  process.exit(1)
}

socket.on('message', guarded(onMessage))
socket.on('interactive', guarded(onInteraction))
socket.on('slash_commands', guarded(onCommand))
socket.on('error', fail)
socket.on('connected', () => report('connected'))
process.on('SIGTERM', () => socket.disconnect().finally(() => process.exit(0)))
await socket.start().catch(fail)
