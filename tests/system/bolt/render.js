// For slack_shots.py: Slack's messages and views as one HTML page, by slack-blocks-to-jsx. node render.js shots.json page.html
const fs = require('fs');
const path = require('path');
const React = require('react');
const { renderToStaticMarkup } = require('react-dom/server');
const { Message } = require('slack-blocks-to-jsx');

const [, , from, to] = process.argv;
const css = fs.readFileSync(path.join(path.dirname(require.resolve('slack-blocks-to-jsx')), 'style.css'), 'utf8');
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const shots = JSON.parse(fs.readFileSync(from, 'utf8')).map(({ name, blocks, text }) => {
  const body = blocks
    ? renderToStaticMarkup(React.createElement(Message, { blocks, name: 'Paperscout', logo: 'data:,', time: new Date(0) }))
    : `<pre>${escape(text)}</pre>`;
  return `<article id="${name}"><h6>${name}</h6>${body}</article>`;
});
fs.writeFileSync(to, `<!doctype html><meta charset="utf-8"><style>${css}
body{margin:12px;width:640px;font:15px Lato,sans-serif}article{overflow-wrap:anywhere;border-bottom:1px solid #bbb;padding:8px 0}
h6{margin:0;color:#888;font:12px monospace}pre{white-space:pre-wrap}</style>${shots.join('\n')}`);
