// Slack's own Socket Mode client, for test_socket_peer.py: acknowledges every envelope, and says so.
const { SocketModeClient, LogLevel } = require('@slack/socket-mode');

const client = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});
client.on('connected', () => console.log('connected'));
client.on('slack_event', async ({ ack, type, body, retry_num: retry }) => {
  await ack(type === 'slash_commands' ? { text: 'seen' } : undefined);
  console.log(`seen ${type} ${(body && (body.event_id || body.trigger_id)) || ''} ${retry || 0}`);
});
client.start();
