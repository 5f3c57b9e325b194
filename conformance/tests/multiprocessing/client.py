from __future__ import print_function
from multiprocessing.connection import Client

address = ('localhost', 6000)
conn = Client(address, authkey=None)

obj = 42
print('sending:', obj)
conn.send(obj)
print('recieved:', conn.recv())    # prints '[42]'
