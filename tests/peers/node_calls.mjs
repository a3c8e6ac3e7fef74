// node_calls.mjs API_URL BOT_TOKEN CHANNEL USER: Slack's official Node Web API client, method by method.
//
// Prints one JSON object with the response to each call, or its error code.
import { WebClient } from '@slack/web-api'

const [slackApiUrl, token, channel, user] = process.argv.slice(2)
const web = new WebClient(token, { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true })
const results = {}
const plain = (text) => ({ type: 'plain_text', text })

async function call(name, method, options) {
  try {
    return (results[name] = await method(options))
  } catch (error) {
    return (results[name] = { ok: false, error: error.data?.error ?? String(error), messages: error.data?.response_metadata })
  }
}

await call('auth', web.auth.test)
const posted = await call('post', web.chat.postMessage, {
  channel,
  text: 'first',
  blocks: [{ type: 'section', text: plain('first & <last>') }],
  metadata: { event_type: 'peer', event_payload: { key: 'k1' } },
})
await call('reply', web.chat.postMessage, { channel, text: 'second', thread_ts: posted.ts })
await call('update', web.chat.update, { channel, ts: posted.ts, text: 'changed', blocks: [] })
await call('refused', web.chat.postMessage, { channel, text: 'x', blocks: [{ type: 'section', text: plain('') }] })
await call('nowhere', web.chat.postMessage, { channel: 'C0NOWHERE0', text: 'x' })
await call('replies', web.conversations.replies, { channel, ts: posted.ts, include_all_metadata: true })
await call('upload', (options) => web.filesUploadV2(options), {
  channel_id: channel,
  thread_ts: posted.ts,
  file: Buffer.from('E0101 leader election lost\n日志\n'),
  filename: 'etcd.log',
  title: 'etcd',
})
await call('permalink', web.chat.getPermalink, { channel, message_ts: posted.ts })
await call('whisper', web.chat.postEphemeral, { channel, user, text: 'only you' })
await call('user', web.users.info, { user, include_locale: true })
await call('place', web.conversations.info, { channel })
await call('expired', web.views.open, {
  trigger_id: '1.2.nosuchtrigger',
  view: { type: 'modal', title: plain('x'), blocks: [{ type: 'section', text: plain('x') }] },
})

const pages = []
for await (const page of web.paginate('conversations.history', { channel, limit: 2 })) {
  pages.push(page.messages.map((message) => message.ts))
}
results.pages = pages
await call('delete', web.chat.delete, { channel, ts: posted.ts })
console.log(JSON.stringify(results))
