"""What people do with buttons, menus, modals and shortcuts, as Slack sends it; the same payload for the events port and for Socket Mode."""
import itertools
import json
import time
import urllib.parse

from .speaker import sign

_numbers = itertools.count(1)
FORM = "application/x-www-form-urlencoded"


def trigger():
    """A trigger_id whose age the scripted Slack can tell."""
    return f"{int(time.time() * 1000)}.{next(_numbers)}.abc"


def payload(kind, user="U1", team="T00000001", person_team=None, **more):
    return {"type": kind, "api_app_id": "A1", "token": "x", "trigger_id": trigger(),
            "team": {"id": team, "domain": "example"}, "enterprise": None, "is_enterprise_install": False,
            "user": {"id": user, "username": "someone", "name": "someone", "team_id": person_team or team}, **more}


def in_message(action, response_url, user="U1", channel="D1", ts="1700000000.000001", **who):
    """A button or an option of a message's menu."""
    return payload("block_actions", user, response_url=response_url, channel={"id": channel, "name": "x"},
                   container={"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False},
                   message={"type": "message", "ts": ts, "text": "x"}, actions=[action], **who)


def in_view(action, user="U1", kind="home", view="V1", state=None, hash="1.abc", **who):  # pylint: disable=redefined-builtin
    return payload("block_actions", user, container={"type": "view", "view_id": view}, actions=[action],
                   view={"id": view, "type": kind, "hash": hash, "state": {"values": state or {}}}, **who)


def button(action, value):
    return {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": str(time.time())}


def option(value):
    return {"type": "overflow", "action_id": "menu", "block_id": "b", "selected_option": {"value": value},
            "action_ts": str(time.time())}


def shortcut(text, response_url, user="U1", channel="D1", **who):
    return payload("message_action", user, callback_id="why_message", response_url=response_url, channel={"id": channel},
                   message_ts="1700000000.000001", message={"type": "message", "text": text, "ts": "1700000000.000001"}, **who)


def submission(typed, user="U1", view="V2", **who):
    return payload("view_submission", user, response_urls=[],
                   view={"id": view, "type": "modal", "hash": "2.abc", "callback_id": "add_watch",
                         "state": {"values": {"entry": {"entry": {"type": "plain_text_input", "value": typed}}}}}, **who)


def form(value):
    return urllib.parse.urlencode({"payload": json.dumps(value)}).encode()


def click_http(speaker, value):
    """Over the events port; (status, JSON of the answer or None)."""
    body = form(value)
    status, text, _ = speaker.post(body, sign(body), "/slack/interactions", FORM)
    return status, json.loads(text) if text else None
