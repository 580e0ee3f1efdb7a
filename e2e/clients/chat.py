"""Two people talk through the client library of another language.

Usage: chat.py URL TOKEN-OF-ONE NAME-OF-OTHER TOKEN-OF-OTHER TRANSPORT
Prints one line of JSON with what happened.
"""

import json
import sys
import threading

import socketio

url, token, other_name, other_token, transport = sys.argv[1:]


def client():
    return socketio.Client(reconnection=False)


def connect(sio, token):
    done = threading.Event()
    sio.on("sync:done", lambda payload: done.set())
    sio.connect(url, auth={"token": token}, transports=[transport])
    assert done.wait(10), "no sync:done"


one = client()
connect(one, token)
waited = one.call("message", {"receiver": other_name, "text": "while away"}, timeout=10)
refused = one.call("message", {"receiver": other_name, "text": ""}, timeout=10)

received, enough = [], threading.Event()
other = client()


@other.on("message")
def on_message(message):
    received.append(message["text"])
    if len(received) == 101:
        enough.set()


connect(other, other_token)
for number in range(100):
    one.emit("message", {"receiver": other_name, "text": str(number)})
assert enough.wait(10), f"only {len(received)} messages came"

refusals = []
stranger = client()
stranger.on("connect_error", refusals.append)
try:
    stranger.connect(url, auth={"token": "nonsense"}, transports=[transport])
except socketio.exceptions.ConnectionError:
    pass

print(json.dumps({"waited": waited, "refused": refused, "received": received, "refusals": refusals}))
one.disconnect()
other.disconnect()
