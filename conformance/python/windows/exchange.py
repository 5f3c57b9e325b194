r"""The seed's example between two processes on Windows: sends 42 and receives [42].

    python.exe exchange.py DIRECTORY AF_PIPE|AF_INET

DIRECTORY contains the package `processing`. This runs on CPython 2.7 with any release of it, with or without its C
extensions, and prints `AF_PIPE: sent 42, received [42]`.
"""

import os
import subprocess
import sys


def main(directory, family, address=None):
    sys.path.insert(0, directory)
    from processing.connection import Client, Listener
    if address is not None:
        return answer(Client(address))
    address = {'AF_PIPE': r'\\.\pipe\exchange-%d' % os.getpid(), 'AF_INET': ('localhost', 0)}[family]
    listener = Listener(address)
    told = listener.address
    if family == 'AF_INET':
        told = '%s:%d' % told
    other = subprocess.Popen([sys.executable, '-B', '-E', '-s', __file__, directory, family, told])
    connection = listener.accept()
    connection.send(42)
    received = connection.recv()
    connection.close()
    other.wait()
    print('%s: sent 42, received %r' % (family, received))


def answer(connection):
    connection.send([connection.recv()])
    connection.close()


if __name__ == '__main__':
    arguments = sys.argv[1:]
    if arguments[1] == 'AF_INET' and len(arguments) == 3:
        host, port = arguments[2].split(':')
        arguments[2] = (host, int(port))
    main(*arguments)
