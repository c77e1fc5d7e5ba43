// Slack's own receiver, for test_bolt.py to compare ours with: prints its port, then each request's verdict is its status.
const { App, HTTPReceiver, LogLevel } = require('@slack/bolt');

const receiver = new HTTPReceiver({
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  endpoints: ['/slack/events', '/slack/commands', '/slack/interactions'],
  logLevel: LogLevel.ERROR,
});
const app = new App({
  receiver,
  logLevel: LogLevel.ERROR,
  authorize: async () => ({ botToken: 'xoxb-test', botId: 'BBOT', botUserId: 'UBOT' }),
});
app.event('message', async () => {});
app.event('app_mention', async () => {});
app.command('/paperscout', async ({ ack }) => ack());
const seen = (what) => console.log(`seen ${what}`);
app.action(/./, async ({ ack, action }) => { seen(`${action.type} ${action.action_id}`); await ack(); });
app.shortcut(/./, async ({ ack, shortcut }) => { seen(`${shortcut.type} ${shortcut.callback_id}`); await ack(); });
app.view(/./, async ({ ack, view, payload }) => { seen(`${payload.type} ${view.callback_id}`); await ack(); });
app.start(0).then((server) => console.log(`port ${server.address().port}`));
