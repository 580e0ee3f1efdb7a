"""The Python library for asyncio, driven by lines of JSON (README.md)."""

import asyncio
import json
import os
import sys

import socketio

token = os.environ["TOKEN"]
clients = {}


def tell(**line):
    print(json.dumps(line), flush=True)


class Client:
    def __init__(self, name, namespaces, transports, auth):
        self.name = name
        # The library refuses what is emitted while there is no connection, so it is kept here.
        self.outbox = []
        self.sio = socketio.AsyncClient(reconnection_delay=0.5, reconnection_delay_max=2)
        for namespace in namespaces:
            self.listen(namespace)
        # The function is asked at each connection, so that a renewed token is used.
        options = {
            "auth": auth if auth is not None else lambda: {"token": token},
            "transports": transports,
            "namespaces": namespaces,
            "wait": False,
            "retry": True,
        }
        self.connecting = asyncio.create_task(self.sio.connect(os.environ["URL"], **options))

    def listen(self, namespace):
        def report(event, payload=None):
            tell(socket=self.name, namespace=namespace, event=event, payload=payload)

        async def connected():
            report("connect")
            if namespace == "/":
                await self.flush()

        self.sio.on("connect", connected, namespace=namespace)
        self.sio.on("disconnect", lambda reason: report("disconnect", reason), namespace=namespace)
        self.sio.on("connect_error", lambda data: report("connect_error", data), namespace=namespace)
        self.sio.on("*", lambda event, *args: report(event, *args[:1]), namespace=namespace)

    async def emit(self, event, payload, ack):
        self.outbox.append((event, payload, ack))
        if "/" in self.sio.namespaces:
            await self.flush()

    async def flush(self):
        outbox, self.outbox = self.outbox, []
        for event, payload, ack in outbox:
            answered = lambda answer, ack=ack: tell(socket=self.name, ack=ack, payload=answer)
            await self.sio.emit(event, payload, callback=None if ack is None else answered)


async def main():
    global token
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        match command["do"]:
            case "connect":
                name = command["socket"]
                clients[name] = Client(name, command["namespaces"], command.get("transports"), command.get("auth"))
            case "emit":
                await clients[command["socket"]].emit(command["event"], command["payload"], command.get("ack"))
            case "token":
                token = command["token"]
        tell(did=command["do"])


asyncio.run(main())
os._exit(0)
