# Runs one of the seed's programs against one flavour of one installed release, at another address.
#
#     python2.7 launcher.py DIRECTORY FLAVOUR ADDRESS PROGRAM
#
# ADDRESS is a Python expression that replaces ('localhost', 6000) in PROGRAM; nothing else is changed. The actual
# address of a listener is written to standard error, in one line: `listening at ADDRESS`.

import sys

directory, flavour, address, program = sys.argv[1:]

# The extensions of 0.10 and 0.11, of 0.20 and 0.21, and of all later releases.
EXTENSIONS = ('processing.socket_connection', 'processing.connection._socket_connection', 'processing._processing')


class NoExtension(object):
    def find_module(self, name, path=None):
        return self if name in EXTENSIONS else None

    def load_module(self, name):
        raise ImportError('%s is hidden: the pure flavour was asked for' % name)


sys.path.insert(0, directory)
if flavour == 'pure':
    sys.meta_path.insert(0, NoExtension())

import processing.connection

found = 'c' if any(sys.modules.get(name) for name in EXTENSIONS) else 'pure'
if found != flavour:
    sys.exit('this is the %s flavour, not %s' % (found, flavour))

Listener = processing.connection.Listener


def telling(*arguments, **options):
    listener = Listener(*arguments, **options)
    where = listener.address
    sys.stderr.write('listening at %s\n' % (where if isinstance(where, str) else '%s:%d' % where))
    sys.stderr.flush()
    return listener


processing.connection.Listener = telling

source = open(program).read()
if source.count("('localhost', 6000)") != 1:
    sys.exit('%s does not contain its address exactly once' % program)
sys.argv[:] = [program]
exec compile(source.replace("('localhost', 6000)", address), program, 'exec') in {'__name__': '__main__'}
