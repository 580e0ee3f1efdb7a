"""Prints messages as they come, and those that came while it was not running: python receive.py [CURSOR-FILE]"""

import asyncio
import os
import sys
from pathlib import Path

from aldis import client, connect


class Receiver:
    def __init__(self, file):
        self.file = file
        self.cursor = file.read_text() if file.exists() else None
        # The last `seq` of each conversation: what came after the cursor was kept comes again with the next connection.
        self.last = {}
        self.printed = False

    async def message(self, message):
        conversation, seq = message["conversationId"], message["seq"]
        if seq <= self.last.get(conversation, 0):
            return
        self.last[conversation] = seq
        print(f"{message['sender']}: {message['text']}", flush=True)
        self.printed = True

    async def keep(self, synced):
        self.cursor = synced["cursor"]
        # In one step, so that the file is never half written.
        new = Path(f"{self.file}.new")
        new.write_text(self.cursor)
        os.replace(new, self.file)

    async def move_on(self, reply):
        if reply["status"] == "ok":
            await self.keep(reply["data"])
        else:
            self.printed = True


async def main(file="cursor"):
    receiver = Receiver(Path(file))
    sio = client()
    sio.on("message", receiver.message)
    # What waited has been sent.
    sio.on("sync:done", receiver.keep)
    await connect(sio, lambda: {"cursor": receiver.cursor})
    # Afterwards `sync` moves the cursor on. If this program is killed in between, it prints the last second's again.
    while True:
        await asyncio.sleep(1)
        if receiver.printed and sio.connected:
            receiver.printed = False
            await sio.emit("sync", {}, callback=receiver.move_on)


asyncio.run(main(*sys.argv[1:]))
