"""Records a session over a named pipe, on Windows: prints its messages, one on each line, `>` for the client's.

    python.exe pipe.py DIRECTORY > processing-0.52-pipe.txt

DIRECTORY holds a `processing` of 0.50 or later, built for this CPython 2.7. A relay connects a listener and a
client, which are separate processes. The resulting file is never edited.
"""

import binascii
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import processing
from processing.connection import Client, Listener

KEY = 'the key of the sessions'
SERVER, RELAY = r'\\.\pipe\session-of-the-server', r'\\.\pipe\session-of-the-relay'


def serve():
    listener = Listener(SERVER, authenticate=True, authkey=KEY)
    ready()
    connection = listener.accept()
    connection.send([connection.recv()])
    connection.sendBytes(connection.recvBytes())
    connection.recv()


def converse():
    connection = Client(RELAY, authenticate=True, authkey=KEY)
    connection.send(42)
    connection.recv()
    connection.sendBytes('a string')
    connection.recvBytes()
    connection.send({u'k\xe9y': (1L << 70, None)})


def record():
    server = subprocess.Popen([sys.executable, '-u'] + sys.argv + ['serve'], stdout=subprocess.PIPE)
    server.stdout.readline()
    listener = Listener(RELAY)
    client = subprocess.Popen([sys.executable, '-u'] + sys.argv + ['converse'])
    ends = {'>': listener.accept(), '<': Client(SERVER)}
    print '# processing %s on CPython %d.%d.%d for Windows, over AF_PIPE, recorded by pipe.py: never edit it.' % (
        (processing.__version__,) + sys.version_info[:3])
    print '# The key is: ' + KEY
    # Six messages of the handshake, and five more.
    for count in range(11):
        arrow = None
        while arrow is None:
            for arrow, end in ends.items():
                if end.poll(0.01):
                    break
            else:
                arrow = None
        message = ends[arrow].recvBytes()
        print arrow, binascii.hexlify(message)
        ends['<' if arrow == '>' else '>'].sendBytes(message)
    sys.exit(client.wait() or server.wait())


def ready():
    sys.stdout.write('ready\n')


if __name__ == '__main__':
    {'record': record, 'serve': serve, 'converse': converse}[(sys.argv + ['record'])[2]]()
