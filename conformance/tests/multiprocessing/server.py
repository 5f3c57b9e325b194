from __future__ import print_function
from multiprocessing.connection import Listener

address = ('localhost', 6000)     # family is deduced to be 'AF_INET'
listener = Listener(address, authkey=None)

conn = listener.accept()
print('connection accepted from', listener.last_accepted)

obj = conn.recv()
boxed_obj = [obj]
conn.send(boxed_obj)
