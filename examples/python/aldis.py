"""What the examples share: a connection that comes back by itself, and sending that loses nothing."""

import asyncio
import os
import sys
from urllib.parse import urlsplit

import socketio

URL = os.environ.get("ALDIS_URL", "http://localhost:5000")
TOKEN = os.environ.get("ALDIS_TOKEN")


def client():
    sio = socketio.AsyncClient()

    @sio.event
    async def connect_error(refusal):
        # A text says that nobody answered; the library tries again by itself.
        if isinstance(refusal, dict) and not refusal["data"]["retryable"]:
            sys.exit(refusal["data"]["detail"])

    return sio


async def connect(sio, auth):
    """Connects. What `auth` gives is asked for each time, since a cursor moves on."""
    # The library passes over the path of a URL.
    path = urlsplit(URL).path.rstrip("/") + "/socket.io"
    await sio.connect(
        URL, auth=lambda: {"token": TOKEN, **auth()}, socketio_path=path, wait_timeout=10, retry=True
    )


async def send(sio, message):
    """Sends until the message is on the server's disk: its `clientId` makes it one, however often it is sent."""
    while True:
        pause = 1
        try:
            reply = await sio.call("message", message, timeout=10)
        except socketio.exceptions.SocketIOError:
            # Without an answer nobody knows whether it was stored.
            pass
        else:
            if reply["status"] == "ok":
                return reply["data"]
            error = reply["error"]
            if not error["retryable"]:
                raise ValueError(error["detail"])
            pause = error.get("retryAfter", 1)
        await asyncio.sleep(pause)
