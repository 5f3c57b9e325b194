"""One end of a session that scripts/record-sessions records: objects and strings, both ways. It runs on Python 2 and 3.

    python peer.py listener|client PACKAGE DIRECTORY PORT KEY

The listener prints who it is and its port.
"""

import datetime
import sys

role, package, directory, port, key = sys.argv[1:]
if directory:
    sys.path.insert(0, directory)
__import__(package + '.connection')
connection = sys.modules[package + '.connection']
if package == 'multiprocessing':
    version = 'multiprocessing of CPython %d.%d.%d' % sys.version_info[:3]
else:
    version = '%s %s on CPython %d.%d.%d' % (
        (package, getattr(sys.modules[package], '__version__', '0.20')) + sys.version_info[:3])
options = {'authkey': key.encode('ascii')} if key else {}


def bytes_api(end):
    """The methods that send and receive strings had different names in almost every release."""
    for names in ('send_bytes', 'recv_bytes'), ('sendbytes', 'recvbytes'), ('send_string', 'recv_string'):
        if hasattr(end, names[0]):
            return [getattr(end, name) for name in names]


if role == 'listener':
    listener = connection.Listener(('127.0.0.1', 0), **options)
    print('%s %d' % (version, listener.address[1]))
    sys.stdout.flush()
    end = listener.accept()
    send_string, recv_string = bytes_api(end)
    received = end.recv()
    end.send([received, received])
    send_string(recv_string()[::-1])
    end.send(datetime.date(2008, 9, 10))
    send_string(b'')
    assert end.recv() is None
else:
    end = connection.Client(('127.0.0.1', int(port)), **options)
    send_string, recv_string = bytes_api(end)
    thing = (42, -1, 2 ** 70, 1.5, 'text', u'\xe4\u20ac', b'\0\xff', None, True, {'list': []})
    end.send(thing)
    assert end.recv() == [thing, thing]
    send_string(b'twenty-three bytes\0\1\2\xfe\xff')
    assert recv_string() == b'\xff\xfe\2\1\0setyb eerht-ytnewt'
    assert end.recv() == datetime.date(2008, 9, 10)
    assert recv_string() == b''
    end.send(None)
end.close()
