"""Stays connected, and prints a line whenever it connects or is disconnected.

Usage: stay.py URL TOKEN TRANSPORT
"""

import sys

import socketio

url, token, transport = sys.argv[1:]
client = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=1)
client.on("connect", lambda: print("connect", flush=True))
client.on("disconnect", lambda *reason: print("disconnect", flush=True))
client.connect(url, auth={"token": token}, transports=[transport])
client.wait()
