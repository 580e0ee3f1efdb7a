"""Answers every message with its own text, each once, also those that came while it was not running: python echo.py"""

import asyncio
import json
import sys
from urllib.request import Request, urlopen

from aldis import TOKEN, URL, client, connect, send


async def main():
    with urlopen(Request(f"{URL}/api/users/me", headers={"Authorization": f"Bearer {TOKEN}"})) as answer:
        me = json.load(answer)["username"]
    sio = client()

    @sio.event
    async def message(message):
        # Two of these would never stop.
        if message["sender"] == me or message.get("clientId", "").startswith("echo-"):
            return
        # The same message has the same answer, so that one which comes again is not answered again.
        answer = {"text": message["text"], "replyTo": message["id"], "clientId": f"echo-{message['id']}"}
        try:
            await send(sio, {"conversationId": message["conversationId"], **answer})
        except ValueError as error:
            # What cannot be answered, such as a picture without a text, must not come again for ever.
            print(error, file=sys.stderr)
        # With `acks` a message comes again until it is acknowledged, which the library does when this returns.

    await connect(sio, lambda: {"acks": True})
    await sio.wait()


asyncio.run(main())
