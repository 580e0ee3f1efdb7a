"""Sends a message and ends once it is stored: python send.py USERNAME TEXT"""

import asyncio
import sys
import uuid

from aldis import client, connect, send


async def main(receiver, text):
    sio = client()

    @sio.event
    async def message(_):
        # What waits for this account is for who reads it: with `acks` nothing counts as delivered that is not
        # acknowledged, which the library does when this returns.
        await asyncio.Event().wait()

    await connect(sio, lambda: {"acks": True})
    try:
        sent = await send(sio, {"receiver": receiver, "text": text, "clientId": str(uuid.uuid4())})
        print(f"stored as number {sent['seq']} of {sent['conversationId']}")
    finally:
        # Without it the library may keep the program from ending.
        await sio.disconnect()


asyncio.run(main(*sys.argv[1:]))
