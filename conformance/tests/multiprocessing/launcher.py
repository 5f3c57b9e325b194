# Runs one of the programs beside it with the `multiprocessing` of this interpreter, at another address.
#
#     pythonX.Y launcher.py ADDRESS AUTHKEY DIGEST PROGRAM
#
# ADDRESS and AUTHKEY are Python expressions. They replace ('localhost', 6000) and the None of `authkey=None` in
# PROGRAM; nothing else is changed. If DIGEST is not empty, the challenges name this digest, which Python 3.12 and later
# can do. The actual address of a listener is written to standard error, in one line: `listening at ADDRESS`.

import sys
from multiprocessing import connection

address, authkey, digest, program = sys.argv[1:]

if digest:
    connection.deliver_challenge.__defaults__ = (digest,)

Listener = connection.Listener


def telling(*arguments, **options):
    listener = Listener(*arguments, **options)
    where = listener.address
    if isinstance(where, tuple):
        where = '%s:%d' % where
    elif not isinstance(where, str):
        where = where.decode()    # Python 3 reports an abstract address as bytes
    sys.stderr.write('listening at %s\n' % where)
    sys.stderr.flush()
    return listener


connection.Listener = telling

source = open(program).read()
for replaced, expression in ("('localhost', 6000)", address), ('authkey=None', 'authkey=' + authkey):
    if source.count(replaced) != 1:
        sys.exit('%s does not contain %s exactly once' % (program, replaced))
    source = source.replace(replaced, expression)
sys.argv[:] = [program]
exec(compile(source, program, 'exec'), {'__name__': '__main__'})
