"""What CPython makes of pickles: Python 3 is asked in process, Python 2 over pipes.

No class or function of a pickle is ever imported, but for those that make plain values. Everything else that
a pickle asks for is a stand-in, which notes what is done with it and is described as the notation has it: so
calls, states, persistent ids, extension codes and buffers are compared, too.
"""

import io
import itertools
import json
import pickle
import pickletools
import re
import struct
import sys

sys.dont_write_bytecode = True
import adapter

PYTHON = adapter.PYTHON
if PYTHON == 2:
    import cPickle
    import copy_reg as copyreg
else:
    import _pickle
    import copyreg

BUILTINS = ('set', 'frozenset', 'complex', 'bytearray', 'bytes')
PLAIN = {(module, name) for module in ('__builtin__', 'builtins') for name in BUILTINS}
PLAIN |= {('_codecs', 'encode'), ('copy_reg', '__newobj__'), ('copyreg', '__newobj__')}
EXTENSION = 'extension code'
SURROGATE = re.compile(u'[\ud800-\udfff]')
# Wherever there could be an instruction that needs a code.
EXTENSIONS = [(re.compile(b'(?s)(?=' + opcode + b'(' + b'.' * struct.calcsize(layout) + b'))'), layout)
              for opcode, layout in ((b'\x82', '<B'), (b'\x83', '<H'), (b'\x84', '<i'))]
# Bytes that a pickle without classes and functions does not have.
IMPORTING = (b'c', b'i', b'\x82', b'\x83', b'\x84', b'\x93')


def testify(data):
    """All that is to be said of a pickle, as JSON."""
    places, arguments, failure = [], [], None
    try:
        for opcode, argument, position in pickletools.genops(data):
            places += position, ord(opcode.code)
            if opcode.arg:
                arguments.append(argument)
    except Exception as error:
        failure = said(error)
    return '{"genops":{"places":%s,"arguments":%s,"error":%s},"dis":%s,"c":%s,"pure":%s,"loads":%s}' % (
        places, described(arguments), json.dumps(failure), dis(data),
        loaded(load_in_c, data), loaded(load_in_python, data), json.dumps(loads(data)))


def dis(data):
    last = Last()
    try:
        pickletools.dis(data, last)
    except Exception as error:
        return '{"error":%s}' % json.dumps(said(error))
    return '{"protocol":%d}' % int(last.text)


class Last(object):
    """A file that keeps what was printed last: of `dis`, the highest protocol."""
    text = ''

    def write(self, text):
        if text.strip():
            self.text = text


def loads(data):
    """Whether the function that everybody calls accepts it; None where it could import something."""
    if any(byte in data for byte in IMPORTING):
        return None
    try:
        (pickle if PYTHON == 3 else cPickle).loads(data)
    except Exception:
        return False
    return True


def loaded(load, data):
    world = World(data)
    try:
        # There may be too little memory to describe it.
        thing = described(load(data, world))
    except Exception as error:
        return '{"error":%s}' % json.dumps(said(error))
    return '{"object":%s,"needs":%s}' % (thing, json.dumps(sorted(world.needs)))


def described(thing):
    if PYTHON == 2 or sys.version_info < (3, 11):
        return adapter.describe(thing)
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return adapter.describe(thing)
    finally:
        sys.set_int_max_str_digits(limit)


def said(error):
    return '%s: %s' % (type(error).__name__, ascii_only(error))


def ascii_only(error):
    return repr(error)[:200]


# Stand-ins -----------------------------------------------------------------------------------------


class World(object):
    """Where a pickle finds what is not in it."""

    def __init__(self, data):
        self.needs = set()
        self.globals = {}
        copyreg._extension_cache.clear()
        copyreg._inverted_registry.clear()
        for opcode, layout in EXTENSIONS:
            for match in opcode.finditer(data):
                code, = struct.unpack(layout, match.group(1))
                if code > 0:
                    copyreg._inverted_registry[code] = EXTENSION, str(code)

    def find(self, module, name, find_really):
        if module == EXTENSION:
            self.needs.add('extension code %s' % name)
            return self.stand_in(('extension', int(name)))
        if PYTHON == 2:  # where names are bytes, of which the notation has those that are text
            module, name = module.decode('utf-8'), name.decode('utf-8')
            if SURROGATE.search(module + name):  # which Python 2 decodes
                raise ValueError('not UTF-8')
        if (module, name) in PLAIN:
            try:
                return find_really(module, name)
            except (ImportError, AttributeError):
                pass
        need = u'%s.%s' % (module, name)
        need.encode('utf-8')
        self.needs.add(need)
        return self.stand_in(('global', module, name))

    def stand_in(self, what):
        thing = self.globals.get(what)
        if thing is None:
            thing = self.globals[what] = stand_in(*what)
        return thing

    def persistent_load(self, key):
        self.needs.add('persistent ids')
        return stand_in('persistent', key)

    def buffers(self):
        for number in itertools.count():
            self.needs.add('out-of-band buffers')
            yield Buffer(number)


class Buffer(bytes):
    """An out-of-band buffer, equal to none but itself."""

    def __new__(cls, number):
        self = super(Buffer, cls).__new__(cls)
        self.number = number
        return self

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class Anything(type):
    """The type of stand-ins. They are classes themselves, since whatever they stand for may be one."""

    def __call__(cls, *arguments):
        return stand_in('reduce', cls, arguments)

    def __setstate__(cls, state):
        cls.states.append(state)

    def append(cls, item):
        cls.items.append(item)

    def __setitem__(cls, key, value):
        cls.pairs.append((key, value))


def new(cls, *arguments, **keywords):
    if keywords:
        newobj_ex = stand_in('global', 'copyreg', '__newobj_ex__')
        return stand_in('reduce', newobj_ex, (cls, arguments, keywords))
    return stand_in('instance', cls, arguments)


Thing = Anything('Thing', (object,), {'__new__': new})


def stand_in(kind, *parts):
    return Anything('StandIn', (Thing,), {
        'kind': kind, 'parts': parts, 'states': [], 'items': [], 'pairs': []})


def write_stand_in(thing, ref):
    kind, parts = thing.kind, thing.parts
    if kind == 'global':
        return '{"global":[%s,%s]}' % tuple(map(json.dumps, parts))
    if kind == 'extension':
        return '{"extension":%d}' % parts
    if kind == 'persistent':
        return '{"persistent":%s}' % ref(parts[0])
    filling = ''
    for member, things in ('state', thing.states), ('items', thing.items):
        if things:
            filling += ',"%s":[%s]' % (member, adapter.write_refs(things, ref))
    if thing.pairs:
        filling += ',"pairs":[%s]' % adapter.write_pairs(thing.pairs, ref)
    return '{"%s":{"%s":%s,"arguments":%s%s}}' % (
        kind, 'class' if kind == 'instance' else 'callable', ref(parts[0]), ref(parts[1]), filling)


adapter.WRITERS[Anything] = write_stand_in
# The notation has no word for it.
adapter.WRITERS[memoryview] = lambda thing, ref: '{"unpicklable":"memoryview"}'
adapter.WRITERS[Buffer] = lambda thing, ref: '{"buffer":%d}' % thing.number


# The unpicklers ------------------------------------------------------------------------------------

if PYTHON == 3:
    def unpickler(base):
        class Unpickler(base):
            def __init__(self, data, world):
                # With a buffer to peek at, it reads all at once, as `loads` does.
                super().__init__(io.BufferedReader(io.BytesIO(data)), buffers=world.buffers())
                self.world = world

            def find_class(self, module, name):
                return self.world.find(module, name, super().find_class)

            def persistent_load(self, key):
                return self.world.persistent_load(key)

        return lambda data, world: Unpickler(data, world).load()

    load_in_c, load_in_python = unpickler(_pickle.Unpickler), unpickler(pickle._Unpickler)
else:
    def import_really(module, name):
        __import__(module)
        return getattr(sys.modules[module], name)

    def load_in_c(data, world):
        unpickler = cPickle.Unpickler(io.BytesIO(data))
        unpickler.persistent_load = world.persistent_load
        unpickler.find_global = lambda module, name: world.find(module, name, import_really)
        return unpickler.load()

    def load_in_python(data, world):
        unpickler = pickle.Unpickler(io.BytesIO(data))
        unpickler.persistent_load = world.persistent_load
        unpickler.find_class = lambda module, name: world.find(module, name, import_really)
        return unpickler.load()


def dumps(table, protocol, in_python):
    """The object of a node table, pickled."""
    thing = adapter.build(json.loads(table))
    return (pickle._dumps if in_python else pickle.dumps)(thing, protocol)


# Over pipes: batches in, answers out, each thing after its length -----------------------------------


def serve():
    source, sink = io.open(0, 'rb', 1 << 16), io.open(1, 'wb', 1 << 16)
    while True:
        head = source.read(4)
        if not head:
            return
        batch = []
        for _ in range(struct.unpack('<I', head)[0]):
            length, = struct.unpack('<I', source.read(4))
            batch.append(source.read(length))
        for data in batch:
            answer = testify(data).encode('utf-8')
            sink.write(struct.pack('<I', len(answer)))
            sink.write(answer)
            sink.flush()


if __name__ == '__main__':
    serve()
