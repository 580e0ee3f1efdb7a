"""The synchronous Python library, driven by lines of JSON (README.md)."""

import json
import os
import sys
import threading

import socketio

token = os.environ["TOKEN"]
clients = {}
writing = threading.Lock()


def tell(**line):
    with writing:
        print(json.dumps(line), flush=True)


class Client:
    def __init__(self, name, namespaces, transports, auth):
        self.name = name
        # The library refuses what is emitted while there is no connection, so it is kept here.
        self.outbox = []
        self.lock = threading.Lock()
        self.sio = socketio.Client(reconnection_delay=0.5, reconnection_delay_max=2)
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
        connect = lambda: self.sio.connect(os.environ["URL"], **options)
        threading.Thread(target=connect, daemon=True).start()

    def listen(self, namespace):
        def report(event, payload=None):
            tell(socket=self.name, namespace=namespace, event=event, payload=payload)

        def connected():
            report("connect")
            if namespace == "/":
                self.flush()

        self.sio.on("connect", connected, namespace=namespace)
        self.sio.on("disconnect", lambda reason: report("disconnect", reason), namespace=namespace)
        self.sio.on("connect_error", lambda data: report("connect_error", data), namespace=namespace)
        self.sio.on("*", lambda event, *args: report(event, *args[:1]), namespace=namespace)

    def emit(self, event, payload, ack):
        with self.lock:
            self.outbox.append((event, payload, ack))
        if "/" in self.sio.namespaces:
            self.flush()

    def flush(self):
        with self.lock:
            for event, payload, ack in self.outbox:
                answered = lambda answer, ack=ack: tell(socket=self.name, ack=ack, payload=answer)
                self.sio.emit(event, payload, callback=None if ack is None else answered)
            self.outbox.clear()


for line in sys.stdin:
    command = json.loads(line)
    match command["do"]:
        case "connect":
            name = command["socket"]
            clients[name] = Client(name, command["namespaces"], command.get("transports"), command.get("auth"))
        case "emit":
            clients[command["socket"]].emit(command["event"], command["payload"], command.get("ack"))
        case "token":
            token = command["token"]
    tell(did=command["do"])
os._exit(0)
