"""The adapter for Python: lets the suite drive `processing` (0.10 to 0.52) and `multiprocessing`.

It speaks the adapter protocol of ADAPTER.md on standard input and output, claims the profile `graph`, and runs on
CPython 2.7, CPython 3.6 and later, Jython 2.7 and PyPy, with only the standard library.

    python adapter.py --package processing --path DIR --flavour pure --release 0.20
    python adapter.py --package multiprocessing

On Windows it runs on CPython 2.7, and on 3.6 and later. There, reading from a pipe with a handle that is not overlapped
(in `processing`, and in `multiprocessing` of Python 2.7) keeps Windows from doing anything else with that handle: a
`send` waits until a `recv` of another thread has ended, and so does a `close`. The adapter does not work around this,
because every user of these implementations experiences it.

Exit codes: 0 at the end of input, 2 for wrong arguments, 3 if the implementation that was found is not the one that was
requested, 70 if the adapter itself failed.
"""

import binascii
import collections
import errno
import gc
import getopt
import hashlib
import io
import json
import os
import pickle
import re
import signal
import socket
import struct
import sys
import time
import traceback
import types

try:
    import _thread as thread
    import copyreg
    PYTHON = 3
except ImportError:
    import cPickle
    import copy_reg as copyreg
    import thread
    PYTHON = 2

JYTHON = sys.platform.startswith('java')
PYPY = hasattr(sys, 'pypy_version_info')
CPYTHON = not JYTHON and not PYPY
LANGUAGE = '%d.%d.%d' % sys.version_info[:3]


def main():
    options = arguments()
    try:
        read_line, write = take_over_stdio()
        # Releases up to 0.21 put it into the names of sockets, and fail without it.
        os.environ.setdefault('USER', 'conformance')
        # By default, Python 3.11 and later refuse to convert long integers from and to decimal.
        getattr(sys, 'set_int_max_str_digits', id)(0)
        if not JYTHON:
            # The suite decides when to stop, so an interrupt needs no traceback from here.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        provide_classes()
        adapter = Adapter(Implementation(options), write)
    except WrongImplementation as e:
        leave(3, str(e))
    try:
        adapter.serve(read_line)
    except:
        leave(70, traceback.format_exc())
    leave(0)


USAGE = """\
usage: adapter.py --package PACKAGE [OPTION...]

Drives a Python implementation for the suite.

  --package PACKAGE  processing or multiprocessing
  --path DIRECTORY   the directory to import the package from
  --flavour FLAVOUR  the flavour of processing that is required: c or pure
  --name NAME        the name of the implementation in reports
  --release NUMBER   the release of the package, if it does not report one
  --dialect DIALECT  the dialect to report for multiprocessing, be32 by default: with a
                     handshake, such as be32x+digest-named, keys can be given
"""


class Options(object):
    package = path = flavour = name = release = dialect = None


def arguments():
    # Importing argparse takes as long as importing everything else that is needed here.
    try:
        given, rest = getopt.getopt(
            sys.argv[1:], 'h',
            ['help', 'package=', 'path=', 'flavour=', 'name=', 'release=', 'dialect='])
    except getopt.GetoptError as e:
        leave(2, '%s\n%s' % (e, USAGE))
    options = Options()
    for option, value in given:
        if option in ('-h', '--help'):
            leave(0, USAGE)
        setattr(options, option[2:], value)
    if rest:
        leave(2, '%s: unexpected\n%s' % (rest[0], USAGE))
    if options.package not in ('processing', 'multiprocessing'):
        leave(2, '--package must be processing or multiprocessing\n%s' % USAGE)
    if options.dialect and options.package != 'multiprocessing':
        leave(2, '--dialect is only for multiprocessing\n%s' % USAGE)
    if options.flavour not in (None, 'c', 'pure'):
        leave(2, '--flavour must be c or pure\n%s' % USAGE)
    return options


def leave(code, message=''):
    """Exit at once, even if other threads are waiting."""
    if message:
        sys.stderr.write('adapter: %s\n' % message)
        sys.stderr.flush()
    os._exit(code)


class WrongImplementation(Exception):
    """The implementation is missing, or is not the requested release or flavour."""


class AdapterError(Exception):
    """A request that cannot be carried out here, which says nothing about the implementation."""


# Standard input and output -----------------------------------------------------------------------


def take_over_stdio():
    """Keep both streams for the protocol: the implementation gets an empty input, and its output goes to standard
    error. Returns the functions that read a line and write one."""
    if JYTHON:  # whose descriptors are not real ones
        stdin, stdout = sys.stdin, sys.stdout
        sys.stdin, sys.stdout = io.BytesIO(), sys.stderr
        from java.lang import System
        System.setOut(System.err)

        def write_all(line):
            stdout.write(line)
            stdout.flush()
    else:
        stdin, stdout = io.open(os.dup(0), 'rb', 1 << 16), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        if os.name == 'nt':
            import msvcrt
            msvcrt.setmode(stdin.fileno(), os.O_BINARY)
            msvcrt.setmode(stdout, os.O_BINARY)

        def write_all(line):
            while line:
                line = line[os.write(stdout, line):]

    lock = thread.allocate_lock()

    def write(line):
        if not isinstance(line, bytes):
            line = line.encode('ascii')
        with lock:
            try:
                write_all(line)
            except EnvironmentError:
                leave(0)  # nobody reads the replies any longer

    return stdin.readline, write


# The implementation ------------------------------------------------------------------------------


class Implementation(object):
    """The connection module of one package, and what is known about it."""

    # The names of the C extensions in the various releases.
    EXTENSIONS = ('socket_connection', '_socket_connection', '_processing')

    def __init__(self, options):
        self.package = options.package
        if options.path:
            sys.path.insert(0, options.path)
        if self.package == 'processing' and options.flavour == 'pure':
            sys.meta_path.insert(0, NoExtensions())
        try:
            __import__(self.package + '.connection')
        except Exception:
            raise WrongImplementation('cannot import %s.connection:\n%s'
                                      % (self.package, traceback.format_exc()))
        self.module = sys.modules[self.package + '.connection']
        self.flavour = self.find_flavour(options.flavour)
        self.version = self.find_version(options.release)
        self.release = tuple(int(n) for n in re.findall(r'\d+', self.version)[:2])
        self.name = options.name or self.package
        self.told_dialect = options.dialect

    def find_flavour(self, wanted):
        if self.package == 'multiprocessing':
            return None
        # Python 2 also records modules there that it did not find, as None.
        extensions = [name for name, module in sys.modules.items()
                      if module is not None and is_extension(name, self.EXTENSIONS)]
        found = 'c' if extensions else 'pure'
        if wanted not in (None, found):
            raise WrongImplementation('this is the %s flavour of processing, not %s: %s' % (
                found, wanted, ', '.join(extensions) or 'no extension could be imported'))
        return found

    def find_version(self, told):
        if self.package == 'multiprocessing':
            return told or LANGUAGE
        version = getattr(sys.modules[self.package], '__version__', told)
        if version is None:
            raise WrongImplementation('this release of processing does not report its version: '
                                      'use --release')
        if told not in (None, version):
            raise WrongImplementation('this is processing %s, not %s' % (version, told))
        return version

    @property
    def dialect(self):
        if self.package == 'multiprocessing':
            # Up to 2 GiB, be32x is the same as be32. Some distributions have patched the handshake of a later release
            # into an earlier one, so it cannot be found out from the version.
            return self.told_dialect or 'be32'
        if self.release >= (0, 21):
            return self.framing + '+hmac-sha1'
        return self.framing

    @property
    def framing(self):
        if self.flavour == 'c':
            return 'le32' if self.release < (0, 30) else 'be32'
        return 'hex8' if self.release < (0, 11) else 'be32'

    @property
    def pickle_protocol(self):
        """The protocol that `send` passes to the pickler: 2 in every release of `processing`, the highest one in
        `multiprocessing` of Python 2, and the pickler's own default in that of Python 3."""
        return 2 if PYTHON == 2 or self.package == 'processing' else pickle.DEFAULT_PROTOCOL

    @property
    def has_poll(self):
        return self.package == 'multiprocessing' or self.release >= (0, 30)

    @property
    def eof_error_is_end_of_stream(self):
        """Whether an EOFError means the end of the stream. Before 0.50, it can only come from unpickling."""
        return self.package == 'multiprocessing' or self.release >= (0, 50)


def is_extension(name, extensions):
    parts = name.split('.')
    return parts[0] == 'processing' and parts[-1] in extensions


class NoExtensions(object):
    """An import hook that hides the C extensions of processing."""

    HIDDEN = Implementation.EXTENSIONS + ('pipe_connection', '_pipe_connection')

    def find_module(self, name, path=None):
        return self if is_extension(name, self.HIDDEN) else None

    def load_module(self, name):
        raise ImportError('%s is hidden, because the pure flavour was requested' % name)


# Requests and replies ----------------------------------------------------------------------------


class Adapter(object):
    """Takes requests in one thread, and carries out in other threads those that may have to wait.

    Each handle has a lane, which is a thread, for every kind of operation that may wait: accepting, receiving and
    sending. A handle gets a lane when it first needs one; when the handle is dropped, another one can use the lane.
    `listen` and `connect` have no handle yet, so each of them borrows a lane. Operations that cannot wait are answered
    immediately.
    """

    def __init__(self, implementation, write):
        self.implementation = implementation
        self.write = write
        self.handles = {}
        self.free_lanes = []
        self.last_handle = 0
        self.placeholders = []
        self.lock = thread.allocate_lock()

    def serve(self, read_line):
        while True:
            line = read_line()
            if not line:
                return
            request = json.loads(line.decode('utf-8'))
            operation = OPERATIONS.get(request['op'], UNKNOWN)
            handle = operation.needs and self.handles.get(request.get(operation.needs))
            job = (operation.perform, handle, request)
            if operation.lane is NOW:
                self.answer(*job)
            elif operation.lane is BORROWED:
                lane = self.lane()
                lane.put(job)
                lane.put(None)
            elif handle is None:
                self.answer(no_such_handle, None, request)
            else:
                lane = handle.lanes.get(operation.lane)
                if lane is None:
                    lane = handle.lanes[operation.lane] = self.lane()
                lane.put(job)

    def lane(self):
        return self.free_lanes.pop() if self.free_lanes else Lane(self.answer, self.free_lanes)

    def answer(self, perform, handle, request):
        # Everything that refers to the implementation's objects is gone before the reply is sent, so that a `drop` that
        # follows immediately really drops them.
        self.write(self.reply(perform, handle, request))

    def reply(self, perform, handle, request):
        try:
            return '{"id":%d,"ok":%s}\n' % (request['id'], perform(self, handle, request))
        except:  # an unpickled object may raise anything
            error = sys.exc_info()[1]
            kind, message = classify(self.implementation, request['op'], error)
            del error
            if PYTHON == 2:
                sys.exc_clear()
            return '{"id":%d,"error":{"kind":"%s","message":%s}}\n' % (
                request['id'], kind, quote(message))

    def register(self, thing):
        with self.lock:
            self.last_handle += 1
            self.handles[self.last_handle] = Handle(thing)
            return self.last_handle


class Handle(object):
    """A listener or a connection, and the lanes in which it works."""

    # The oldest name is last, because 0.52 has three of these names.
    BYTES_API = [
        ('send_bytes', 'recv_bytes'),
        ('sendBytes', 'recvBytes'),
        ('sendbytes', 'recvbytes'),
        ('_send_string', '_recv_string'),
        ('send_string', 'recv_string'),
    ]

    def __init__(self, thing):
        self.thing = thing
        self.lanes = {}
        for self.send_bytes, self.recv_bytes in self.BYTES_API:
            if hasattr(thing, self.send_bytes):
                break


class Lane(object):
    """A thread with a queue. The queue of Python 2 is slow, and polls if it is given a timeout."""

    def __init__(self, work, free):
        self.jobs = collections.deque()
        self.wake = thread.allocate_lock()
        self.wake.acquire()
        thread.start_new_thread(self.run, (work, free))

    def put(self, job):
        """Add a job. Only one thread calls this. After `None`, the lane is free once it has done the earlier jobs."""
        self.jobs.append(job)
        try:
            self.wake.release()
        except (thread.error, RuntimeError, ValueError):  # depending on the version of Python
            pass  # the lane is awake, and checks the queue before it sleeps

    def run(self, work, free):
        while True:
            try:
                job = self.jobs.popleft()
            except IndexError:
                self.wake.acquire()
                continue
            if job is None:
                free.append(self)
            else:
                work(*job)


# Operations: each returns the JSON of `ok` -------------------------------------------------------


def hello(adapter, _, request):
    if request.get('protocol') != 1:
        raise AdapterError('protocol %r is not supported' % request.get('protocol'))
    implementation = adapter.implementation
    if PYPY:
        runtime = 'PyPy %d.%d.%d' % sys.pypy_version_info[:3] + ' (Python %s)' % LANGUAGE
    else:
        runtime = '%s %s' % ('Jython' if JYTHON else 'CPython', LANGUAGE)
    return json.dumps({
        'protocol': 1,
        'name': implementation.name,
        'version': implementation.version,
        'runtime': runtime,
        'families': list(implementation.module.families),
        'dialects': [implementation.dialect],
        'pickle_protocol': implementation.pickle_protocol,
        'profile': 'graph',
        'operations': ['poll'] if implementation.has_poll else [],
        'python': PYTHON,
        'int_bits': sys.maxint.bit_length() + 1 if PYTHON == 2 else None,
    })


def listen(adapter, _, request):
    options = given(adapter, request, 'backlog')
    # The arguments are passed even without a value: both are documented to be None then.
    options.update(address=to_address(request.get('address')), family=to_native(request.get('family')))
    listener = adapter.implementation.module.Listener(**options)
    about = ',"address":%s,"last_accepted":%s' % (
        json.dumps(from_address(listener.address)), last_accepted(listener))
    return '{"listener":%d%s}' % (adapter.register(listener), about)


def accept(adapter, handle, request):
    listener = handle.thing
    connection = listener.accept()
    about = ',"last_accepted":%s' % last_accepted(listener)
    return '{"connection":%d%s}' % (adapter.register(connection), about)


def connect(adapter, _, request):
    # In the first releases, Client takes only an address.
    connection = adapter.implementation.module.Client(
        to_address(request.get('address')), **given(adapter, request, 'family'))
    return '{"connection":%d}' % adapter.register(connection)


def send(adapter, handle, request):
    handle.thing.send(ours(build, request['object']))
    return '{}'


def recv(adapter, handle, request):
    received = handle.thing.recv()
    return '{"object":%s}' % ours(describe, received) if request.get('describe', True) else '{}'


def send_string(adapter, handle, request):
    getattr(handle.thing, handle.send_bytes)(ours(to_payload, request['payload']))
    return '{}'


def recv_string(adapter, handle, request):
    return '{"payload":%s}' % from_payload(getattr(handle.thing, handle.recv_bytes)())


def poll(adapter, handle, request):
    return '{"ready":%s}' % json.dumps(bool(handle.thing.poll(request.get('timeout', 0))))


def close(adapter, handle, request):
    if handle is None:
        no_such_handle(adapter, handle, request)
    leaves_number = os.name == 'nt' and hasattr(handle.thing, 'accept')
    if leaves_number:
        # All other threads come to rest.
        time.sleep(0.01)
    handle.thing.close()
    if leaves_number:
        # A lock of Python 2 has a Windows handle, so these locks take all free handle numbers, including that of the
        # listener which was closed. Many releases still use that number in `accept`: some (0.33, 0.36) close it again,
        # whatever it belongs to by then; in 0.50 to 0.52 and multiprocessing of 2.7 it may be that of a new pipe. The
        # result must not depend on chance.
        adapter.placeholders.extend(thread.allocate_lock() for _ in range(64))
    return '{}'


def drop(adapter, handle, request):
    if handle is None:
        no_such_handle(adapter, handle, request)
    with adapter.lock:
        del adapter.handles[request['handle']]
    for lane in handle.lanes.values():
        lane.put(None)
    # A lane may still refer to the handle, but the handle no longer refers to the object.
    handle.thing = None
    if not CPYTHON:
        gc.collect()
    return '{}'


def unknown(adapter, _, request):
    raise AdapterError('no such operation: %s' % request['op'])


def no_such_handle(adapter, _, request):
    raise AdapterError('no such handle')


NOW, BORROWED = 'now', 'borrowed'
# On Windows, closing a handle may have to wait for what another thread does with it.
CLOSING = BORROWED if os.name == 'nt' else NOW
Operation = collections.namedtuple('Operation', 'perform lane needs')
UNKNOWN = Operation(unknown, NOW, None)
OPERATIONS = {
    'hello': Operation(hello, NOW, None),
    'listen': Operation(listen, BORROWED, None),
    'connect': Operation(connect, BORROWED, None),
    'accept': Operation(accept, 'accepting', 'listener'),
    'send': Operation(send, 'sending', 'connection'),
    'send_string': Operation(send_string, 'sending', 'connection'),
    'recv': Operation(recv, 'receiving', 'connection'),
    'recv_string': Operation(recv_string, 'receiving', 'connection'),
    'poll': Operation(poll, 'receiving', 'connection'),
    'close': Operation(close, CLOSING, 'handle'),
    'drop': Operation(drop, CLOSING, 'handle'),
}


# Arguments and results ---------------------------------------------------------------------------


def ours(convert, value):
    """Convert a value, so that a failure is not mistaken for one of the implementation."""
    try:
        return convert(value)
    except AdapterError:
        raise
    except Exception:
        raise AdapterError('cannot %s: %s' % (convert.__name__, message_of(sys.exc_info()[1])))


def given(adapter, request, name):
    """The optional arguments in the request. `authkey` is also passed to releases that do not support it: an error is
    better than a connection that seems to be authenticated but is not."""
    options = {}
    if request.get(name) is not None:
        options[name] = to_native(request[name])
    if request.get('authkey') is not None:
        implementation = adapter.implementation
        if implementation.package == 'multiprocessing' and '+' not in implementation.dialect:
            raise AdapterError('use --dialect to test the handshake of multiprocessing')
        options['authkey'] = unhex(request['authkey'])
    return options


def to_native(value):
    """Text as `str`, the only type that releases for Python 2 accept as a family or a path."""
    if PYTHON == 2 and isinstance(value, unicode):
        return value.encode('utf-8')
    return value


def to_address(value):
    if isinstance(value, list):
        return tuple(to_address(item) for item in value)
    return to_native(value)


def from_address(value):
    if isinstance(value, tuple):
        return [from_address(item) for item in value]
    if isinstance(value, bytes):
        return value.decode('utf-8', 'replace')
    return value


def last_accepted(listener):
    # 0.10 and 0.11 do not have this property.
    return json.dumps(from_address(getattr(listener, 'last_accepted', None)))


def to_payload(payload):
    if 'bytes' in payload:
        return unhex(payload['bytes'])
    return repeat(unhex(payload['fill']), payload['length'])


def repeat(fill, length):
    times, rest = divmod(length, len(fill)) if length else (0, 0)
    return fill * times + fill[:rest]


def from_payload(data):
    if len(data) <= 4096:
        return '{"bytes":"%s"}' % to_hex(data)
    # Most long payloads repeat a pattern, which is faster to detect than a digest is to compute.
    fill = data[:data.find(data[:16], 1, 4096)]
    if len(fill) < 4096 and data == repeat(fill, len(data)):
        return '{"fill":"%s","length":%d}' % (to_hex(fill), len(data))
    return '{"length":%d,"sha256":"%s"}' % (len(data), hashlib.sha256(data).hexdigest())


def unhex(text):
    return binascii.unhexlify(text.encode('ascii'))


def to_hex(data):
    text = binascii.hexlify(data)
    return text if PYTHON == 2 else text.decode('ascii')


quote = json.encoder.encode_basestring_ascii


# Errors ------------------------------------------------------------------------------------------


def classify(implementation, op, error):
    """The kind and the message of an exception. The kind follows from its type, its errno or the implementation's own
    message, and is `unclassified` if these are not enough."""
    return kind_of(implementation, op, error), message_of(error)


def message_of(error):
    if isinstance(error, AdapterError):
        return 'adapter: %s' % error
    try:
        message = '%s: %s' % (type(error).__name__, error)
    except Exception:
        message = repr(error)
    return message.decode('utf-8', 'replace') if isinstance(message, bytes) else message


def kind_of(implementation, op, error):
    if isinstance(error, (AdapterError, MemoryError)):
        return 'unclassified'
    if type(error).__name__ == 'AuthenticationError':
        return 'authentication_failed'
    words = message_of(error).partition(': ')[2]
    for pattern, ops, kind in WORDS:
        if op in ops and re.search(pattern, words):
            return kind
    if isinstance(error, EnvironmentError):
        return kind_of_system_error(op, error)
    if isinstance(error, EOFError):
        # Python 3's unpickler reports "Ran out of input"; the end of a stream has no message.
        end_of_stream = implementation.eof_error_is_end_of_stream and not error.args
        return 'undecodable' if op == 'recv' and not end_of_stream else 'closed'
    if op in ('listen', 'connect') and isinstance(error, (TypeError, ValueError, OverflowError)):
        return 'bad_address'
    if op == 'send' and isinstance(error, PICKLING_ERRORS):
        return 'unencodable'
    if op == 'recv' and isinstance(error, UNPICKLING_ERRORS):
        return 'undecodable'
    if op == 'recv' and isinstance(error, ImportError):
        return 'needs_class'
    return 'unclassified'


def kind_of_system_error(op, error):
    if isinstance(error, (socket.gaierror, socket.herror)):
        return 'unknown_host'
    if isinstance(error, socket.timeout):
        return 'timed_out'
    if op in ('send', 'send_string') and error.errno in (errno.EPIPE, errno.ECONNRESET):
        return 'closed'
    winerror = getattr(error, 'winerror', None)
    if os.name == 'nt' and PYTHON == 2 and type(error) is IOError:
        # The C extensions of 0.30 and later and of multiprocessing raise it in this form.
        winerror = error.errno
    if winerror == 6 and op in OPENING:
        return 'bad_address'  # only the beginning of a pipe's name
    if winerror in WINERRORS:
        return WINERRORS[winerror]
    return ERRNOS.get(error.errno, 'unclassified')


SENDING, RECEIVING = ('send', 'send_string'), ('recv', 'recv_string', 'poll')
CONNECTED = SENDING + RECEIVING + ('accept', 'connect')
OPENING = ('listen', 'connect')

# Messages of the implementations, and of the socket module that they use.
#
# "only 0 of 4 bytes read", the message of the pure flavours for a missing header (of 8 bytes in 0.10), is not included:
# a payload of four bytes that is missing completely has the same message.
WORDS = [
    (r'handle is (closed|invalid)|listener is closed', CONNECTED, 'not_open'),
    (r'got end of file during message', CONNECTED, 'cut'),
    (r'only (?!0 of [48] )\d+ of \d+ bytes read', CONNECTED, 'cut'),
    (r'got end of file$', CONNECTED, 'closed'),
    (r"has no attribute '_next_pipe'", ('accept', 'close'), 'not_open'),  # a closed pipe, up to 0.21
    (r'message length is negative', RECEIVING, 'bad_header'),
    (r'invalid literal for int\(\) with base 16|negative buffersize in recv', RECEIVING, 'bad_header'),
    (r'bad message length|message length is bad|string too long', CONNECTED, 'too_long'),
    (r'signed integer is greater than maximum', RECEIVING, 'too_long'),
    (r"has no attribute 'AF_|unrecognized family|[Ff]amily .* (is )?not recogni[sz]ed",
     OPENING, 'family_unavailable'),
    (r"name '(PipeListener|PipeClient)' is not defined", OPENING, 'family_unavailable'),
    (r'AF_UNIX path too long|port out of range', OPENING, 'bad_address'),
    (r'takes .* argument|unexpected keyword|authkey', OPENING, 'unclassified'),
    (r"'NoneType' has no len", RECEIVING, 'unclassified'),  # a closed socket, not a pickle: Jython
    (r"module.* has no attribute|Can't get attribute", ('recv',), 'needs_class'),
    (r"[Cc]an(no|')t (be )?pickle|Can't get local object|cannot serialize|maximum recursion depth",
     ('send',), 'unencodable'),
]

ERRNOS = {
    errno.ECONNREFUSED: 'refused',
    errno.ENOENT: 'not_found',
    errno.EADDRINUSE: 'in_use',
    errno.EBADF: 'not_open',
    errno.ENAMETOOLONG: 'bad_address',
    errno.EAFNOSUPPORT: 'family_unavailable',
    errno.ETIMEDOUT: 'timed_out',
}

# Errors of Windows, by number, because the messages depend on the language of the system. Errors of sockets are in
# ERRNOS: for these, Python's errno is the number of Windows.
WINERRORS = {
    2: 'not_found',       # ERROR_FILE_NOT_FOUND
    3: 'not_found',       # ERROR_PATH_NOT_FOUND
    5: 'in_use',          # ERROR_ACCESS_DENIED: somebody else has the first instance of the pipe
    6: 'not_open',        # ERROR_INVALID_HANDLE
    53: 'unknown_host',   # ERROR_BAD_NETPATH: the machine in a pipe's name
    87: 'bad_address',    # ERROR_INVALID_PARAMETER
    109: 'closed',        # ERROR_BROKEN_PIPE
    121: 'timed_out',     # ERROR_SEM_TIMEOUT
    123: 'bad_address',   # ERROR_INVALID_NAME
    161: 'bad_address',   # ERROR_BAD_PATHNAME
    206: 'bad_address',   # ERROR_FILENAME_EXCED_RANGE
    231: 'in_use',        # ERROR_PIPE_BUSY
    232: 'closed',        # ERROR_NO_DATA: the pipe is being closed
    233: 'closed',        # ERROR_PIPE_NOT_CONNECTED
    995: 'not_open',      # ERROR_OPERATION_ABORTED: it was closed in the meantime
}

PICKLING_ERRORS = (pickle.PicklingError,)
UNPICKLING_ERRORS = (pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError,
                     OverflowError, struct.error)
if PYTHON == 2:
    PICKLING_ERRORS += (cPickle.PicklingError,)
    UNPICKLING_ERRORS += (cPickle.UnpicklingError,)


# From the notation to an object ------------------------------------------------------------------


def build(table):
    """The object that a node table describes.

    This uses an explicit stack, because objects can be nested more deeply than Python can recurse. An object that can
    contain itself is made first and filled once its parts exist; any other object is made after its parts. No other
    references to the object survive, because the number of references affects the pickle of CPython 2.
    """
    nodes = table['nodes']
    values = [UNBUILT] * len(nodes)
    visited = [False] * len(nodes)
    filled = [False] * len(nodes)
    late, postponed = [], []

    def complete(indices):
        for i in indices:
            if values[i] is UNBUILT:
                return False
        return True

    def is_filled(indices):
        for i in indices:
            if not filled[i]:
                return False
        return True

    stack = [(VISIT, table['root'])]
    while stack:
        step, i = stack.pop()
        (kind, body), = nodes[i].items()
        if step is VISIT:
            if visited[i]:
                continue
            visited[i] = True
            if kind in ATOMS:
                values[i] = ATOMS[kind](body)
                filled[i] = True
                continue
            if kind not in COMPOUNDS:
                raise AdapterError('a node of kind %s cannot be made here' % kind)
            needs, _, holds, _ = COMPOUNDS[kind]
            stack.append((FILL, i))
            stack.extend((VISIT, part) for part in reversed(holds(body)))
            stack.append((MAKE, i))
            stack.extend((VISIT, part) for part in reversed(needs(body)))
            continue
        needs, make, holds, fill = COMPOUNDS[kind]
        if step is MAKE:
            if complete(needs(body)):
                values[i] = make(body, values)
            else:
                postponed.append(i)
        elif values[i] is not UNBUILT and complete(holds(body)) and is_filled(states(kind, body)):
            fill(values[i], body, values)
            filled[i] = True
        else:
            late.append((bool(states(kind, body)), len(late), fill, i, body))
    # Objects that need a part which was not finished when they were reached, because that part reached them first,
    # through a list or another container.
    while postponed:
        waiting, postponed[:] = list(postponed), []
        for i in waiting:
            (kind, body), = nodes[i].items()
            needs, make, _, _ = COMPOUNDS[kind]
            if complete(needs(body)):
                values[i] = make(body, values)
            else:
                postponed.append(i)
        if len(postponed) == len(waiting):
            raise AdapterError('node %d cannot be made before itself' % postponed[0])
    # An instance copies its state, which must be complete by then.
    for _, _, fill, i, body in sorted(late):
        fill(values[i], body, values)
    return values[table['root']]


UNBUILT = object()
VISIT, MAKE, FILL = 'visit', 'make', 'fill'


def make_instance(body, values):
    cls, arguments = values[body['class']], values[body['arguments']]
    if not body.get('old'):
        return cls.__new__(cls, *arguments)
    if PYTHON == 3:
        raise AdapterError('only Python 2 has old-style classes')
    # This is what unpickling does: without arguments, __init__ is called only if the class has __getinitargs__.
    if arguments or hasattr(cls, '__getinitargs__'):
        return cls(*arguments)
    return types.InstanceType(cls)


def make_reduce(body, values):
    return values[body['callable']](*values[body['arguments']])


def states(kind, body):
    return body.get('state', ()) if kind in ('instance', 'reduce') else ()


def additions(body):
    """The parts that are added to `instance` and `reduce` after they have been made."""
    return body.get('state', []) + body.get('items', []) + flatten(body.get('pairs', []))


def flatten(pairs):
    return [i for pair in pairs for i in pair]


def fill_object(thing, body, values):
    for i in body.get('items', ()):
        thing.append(values[i])
    for key, value in body.get('pairs', ()):
        thing[values[key]] = values[value]
    for i in body.get('state', ()):
        set_state(thing, values[i])


def set_state(thing, state):
    """Do what the BUILD opcode does."""
    if hasattr(thing, '__setstate__'):
        thing.__setstate__(state)
        return
    slots = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    for name in state or ():
        thing.__dict__[interned(name)] = state[name]
    for name in slots or ():
        setattr(thing, name, slots[name])


def interned(name):
    return intern(name) if PYTHON == 2 and type(name) is str else name


def fill_list(thing, body, values):
    thing.extend([values[i] for i in body])


def fill_set(thing, body, values):
    thing.update([values[i] for i in body])


def fill_dict(thing, body, values):
    for key, value in body:
        thing[values[key]] = values[value]


def nothing(body):
    return ()


def nothing_more(thing, body, values):
    pass


# kind: (the parts from which it is made, how to make it, the parts that it holds afterwards, how to fill it)
COMPOUNDS = {
    'list': (nothing, lambda body, values: [], list, fill_list),
    'dict': (nothing, lambda body, values: {}, flatten, fill_dict),
    'set': (nothing, lambda body, values: set(), list, fill_set),
    'tuple': (list, lambda body, values: tuple([values[i] for i in body]), nothing, nothing_more),
    'frozenset': (list, lambda body, values: frozenset([values[i] for i in body]),
                  nothing, nothing_more),
    'instance': (lambda body: [body['class'], body['arguments']], make_instance,
                 additions, fill_object),
    'reduce': (lambda body: [body['callable'], body['arguments']], make_reduce,
               additions, fill_object),
}


def to_int(text):
    value = int(text)
    if type(value) is not int:
        raise AdapterError('%s is not an int on this Python, where the largest is %d' % (text, sys.maxint))
    return value


def to_float(text):
    return struct.unpack('>d', unhex(text))[0]


def to_text(text):
    return UNESCAPE.sub(unescaped, text)


def to_global(body):
    module, name = body
    __import__(to_native(module))
    value = sys.modules[to_native(module)]
    for part in name.split('.'):
        value = getattr(value, part)
    return value


def only_in(python, make):
    """A node that exists only in one version of Python, and is an error in the other."""
    def refuse(body):
        raise AdapterError('only Python %d has this type' % python)
    return make if PYTHON == python else refuse


ATOMS = {
    'none': lambda body: None,
    'bool': bool,
    'int': to_int,
    'long': only_in(2, lambda text: long(text)),
    'float': to_float,
    'complex': lambda body: complex(to_float(body[0]), to_float(body[1])),
    'str': only_in(2, unhex),
    'bytes': only_in(3, unhex),
    'bytearray': lambda body: bytearray(unhex(body)),
    'unicode': to_text,
    'global': to_global,
    'unpicklable': lambda body: Unpicklable(body),
}


class Unpicklable(object):
    """Refuses to be pickled. No built-in type is refused by every Python: Jython pickles even a lambda."""

    def __init__(self, why):
        self.why = to_native(why)

    def __reduce_ex__(self, protocol):
        raise pickle.PicklingError("Can't pickle: %s" % self.why)


# From an object to the notation ------------------------------------------------------------------


def describe(root):
    """The node table of an object, as JSON. Objects are numbered in the order in which they are reached, and kept until
    the end, because an id is meaningless once its object is gone."""
    numbers = {id(root): '0'}
    objects = [root]
    nodes = []

    def ref(thing):
        key = id(thing)
        number = numbers.get(key)
        if number is None:
            number = numbers[key] = str(len(objects))
            objects.append(thing)
        return number

    for thing in objects:  # which grows in the loop
        nodes.append(WRITERS.get(type(thing), write_other)(thing, ref))
    return '{"root":0,"nodes":[%s]}' % ','.join(nodes)


def write_int(thing, ref):
    return '{"int":"%d"}' % thing


def write_text(thing, ref):
    return '{"unicode":%s}' % quote(ESCAPE.sub(escaped, thing))


def write_dict(thing, ref):
    return '{"dict":[%s]}' % write_pairs(thing.items(), ref)


def write_pairs(pairs, ref):
    return ','.join(['[%s,%s]' % (ref(key), ref(value)) for key, value in pairs])


def write_refs(things, ref):
    return ','.join([ref(thing) for thing in things])


def write_sequence(kind):
    return lambda thing, ref: '{"%s":[%s]}' % (kind, write_refs(thing, ref))


def write_bytes(kind):
    return lambda thing, ref: '{"%s":"%s"}' % (kind, to_hex(thing))


def write_other(thing, ref):
    """Classes, functions and instances, in the form in which pickle would write them with protocol 2."""
    if isinstance(thing, NAMED):
        return write_global(thing, getattr(thing, '__qualname__', thing.__name__))
    if PYTHON == 2 and type(thing) is types.InstanceType:
        return write_old_instance(thing, ref)
    reducer = copyreg.dispatch_table.get(type(thing))
    reduced = reducer(thing) if reducer else thing.__reduce_ex__(2)
    if isinstance(reduced, str):
        return write_global(thing, reduced)
    made_by, arguments, state, items, pairs = (tuple(reduced) + (None, None, None))[:5]
    if made_by is copyreg.__newobj__:
        return '{"instance":{"class":%s,"arguments":%s%s}}' % (
            ref(arguments[0]), ref(arguments[1:]), write_additions(state, items, pairs, ref))
    return '{"reduce":{"callable":%s,"arguments":%s%s}}' % (
        ref(made_by), ref(arguments), write_additions(state, items, pairs, ref))


def write_additions(state, items, pairs, ref):
    members = ''
    if state is not None:
        members += ',"state":[%s]' % ref(state)
    if items is not None:
        members += ',"items":[%s]' % write_refs(items, ref)
    if pairs is not None:
        members += ',"pairs":[%s]' % write_pairs(pairs, ref)
    return members


def write_old_instance(thing, ref):
    arguments = tuple(thing.__getinitargs__()) if hasattr(thing, '__getinitargs__') else ()
    state = thing.__getstate__() if hasattr(thing, '__getstate__') else thing.__dict__
    return '{"instance":{"old":true,"class":%s,"arguments":%s,"state":[%s]}}' % (
        ref(thing.__class__), ref(arguments), ref(state))


def write_global(thing, name):
    module = getattr(thing, '__module__', None) or pickle.whichmodule(thing, name)
    return '{"global":[%s,%s]}' % (quote(module), quote(name))


def from_float(value):
    return '"%016x"' % struct.unpack('>Q', struct.pack('>d', value))


WRITERS = {
    type(None): lambda thing, ref: '{"none":null}',
    bool: lambda thing, ref: '{"bool":true}' if thing else '{"bool":false}',
    int: write_int,
    float: lambda thing, ref: '{"float":%s}' % from_float(thing),
    complex: lambda thing, ref: '{"complex":[%s,%s]}' % (from_float(thing.real), from_float(thing.imag)),
    type(u''): write_text,
    bytes: write_bytes('str' if PYTHON == 2 else 'bytes'),
    bytearray: write_bytes('bytearray'),
    list: write_sequence('list'),
    tuple: write_sequence('tuple'),
    dict: write_dict,
    set: write_sequence('set'),
    frozenset: write_sequence('frozenset'),
}
NAMED = (type, types.FunctionType, types.BuiltinFunctionType)
if PYTHON == 2:
    WRITERS[long] = lambda thing, ref: '{"long":"%d"}' % thing
    NAMED += (types.ClassType,)


# Text: the notation escapes backslashes and lone surrogates ----------------------------------------

code_point = chr if PYTHON == 3 else unichr

if JYTHON:
    LONE = u'(?!)'  # whose text cannot contain any
elif sys.maxunicode > 0xffff:
    LONE = u'[%s-%s]' % (code_point(0xd800), code_point(0xdfff))
else:
    # On this Python, a character outside the basic plane is a pair of surrogates.
    LONE = u'[{0}-{1}](?![{2}-{3}])|(?<![{0}-{1}])[{2}-{3}]'.format(
        *[code_point(n) for n in (0xd800, 0xdbff, 0xdc00, 0xdfff)])
ESCAPE = re.compile(u'\\\\|' + LONE)
UNESCAPE = re.compile(u'\\\\(\\\\|u[0-9a-f]{4})')


def escaped(match):
    char = match.group()
    return u'\\\\' if char == u'\\' else u'\\u%04x' % ord(char)


def unescaped(match):
    escape = match.group(1)
    return escape if escape == u'\\' else code_point(int(escape[1:], 16))


# Classes for cases, which can be imported from a module of their own ---------------------------------

CLASSES = 'processing_conformance_classes'


class Point(object):
    """A new-style class in Python 2, and a class in Python 3."""
    __module__ = CLASSES

    def __init__(self, x=0, y=0):
        self.x, self.y = x, y


class OldPoint:
    """An old-style class in Python 2."""
    __module__ = CLASSES

    def __init__(self, x=0, y=0):
        self.x, self.y = x, y


class Slots(object):
    __module__ = CLASSES
    __slots__ = ('x', 'y')


class OldArguments:
    """In Python 2, an old-style class that requires its arguments when it is unpickled."""
    __module__ = CLASSES

    def __init__(self, x):
        self.x = x

    def __getinitargs__(self):
        return (self.x,)


class Stateful(object):
    """A class whose state is not its dictionary."""
    __module__ = CLASSES

    def __getstate__(self):
        return self.kept

    def __setstate__(self, state):
        self.kept = state


class Reducing(object):
    """A class that specifies how its instances are made."""
    __module__ = CLASSES

    def __init__(self, x):
        self.x = x

    def __reduce__(self):
        return Reducing, (self.x,)


class Number(int):
    __module__ = CLASSES


class String(str):
    __module__ = CLASSES


class Pair(tuple):
    """An immutable container, made of its items."""
    __module__ = CLASSES
    __slots__ = ()


class List(list):
    __module__ = CLASSES


class Dict(dict):
    __module__ = CLASSES


class Set(set):
    __module__ = CLASSES


class Error(Exception):
    __module__ = CLASSES


PROVIDED = (Point, OldPoint, Slots, OldArguments, Stateful, Reducing, Number, String, Pair, List, Dict,
            Set, Error)


def provide_classes():
    module = sys.modules[CLASSES] = types.ModuleType(CLASSES)
    for cls in PROVIDED:
        setattr(module, cls.__name__, cls)


if __name__ == '__main__':
    main()
