# The seed's server, for more than one client. A client that leaves in the middle of a message does not end the server.

from processing.connection import Listener

address = ('localhost', 6000)
listener = Listener(address, backlog=5)

while True:
    conn = listener.accept()
    try:
        while True:
            conn.send([conn.recv()])
    except Exception:
        # No two releases agree on what the end of the stream raises.
        conn.close()
