"""How CPython reads pickles: Python 3 runs in the process of the oracle, Python 2 is connected through pipes.

No class or function of a pickle is ever imported, except for those that make plain values. Everything else that a
pickle needs is a stand-in, which records what is done with it and is described in the notation, so that calls, states,
persistent ids, extension codes and buffers are compared as well.
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
# Finds every place that could be an instruction with an extension code.
EXTENSIONS = [(re.compile(b'(?s)(?=' + opcode + b'(' + b'.' * struct.calcsize(layout) + b'))'), layout)
              for opcode, layout in ((b'\x82', '<B'), (b'\x83', '<H'), (b'\x84', '<i'))]
# Bytes that do not occur in a pickle without classes and functions.
IMPORTING = (b'c', b'i', b'\x82', b'\x83', b'\x84', b'\x93')


def testify(data):
    """Everything that is reported about a pickle, as JSON."""
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
    """A file that keeps only what was printed last: for `dis`, the highest protocol."""
    text = ''

    def write(self, text):
        if text.strip():
            self.text = text


def loads(data):
    """Whether the public function `loads` accepts a pickle; None if it could import something."""
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
        # There may not be enough memory to describe it.
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
    """Provides what a pickle needs from outside."""

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
        if PYTHON == 2:  # whose names are bytes; the notation has only those that are text
            module, name = module.decode('utf-8'), name.decode('utf-8')
            if SURROGATE.search(module + name):  # which Python 2 accepts in UTF-8
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
    """An out-of-band buffer, which is equal only to itself."""

    def __new__(cls, number):
        self = super(Buffer, cls).__new__(cls)
        self.number = number
        return self

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class Anything(type):
    """The type of stand-ins. They are classes themselves, because what they stand for may be a class."""

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
# The notation cannot express this.
adapter.WRITERS[memoryview] = lambda thing, ref: '{"unpicklable":"memoryview"}'
adapter.WRITERS[Buffer] = lambda thing, ref: '{"buffer":%d}' % thing.number


# The unpicklers ------------------------------------------------------------------------------------

if PYTHON == 3:
    def unpickler(base):
        class Unpickler(base):
            def __init__(self, data, world):
                # With a buffer that has `peek`, it reads everything at once, as `loads` does.
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
    """Pickle the object of a node table."""
    thing = adapter.build(json.loads(table))
    return (pickle._dumps if in_python else pickle.dumps)(thing, protocol)


# Through pipes: batches in, answers out, each item after its length ---------------------------------


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
