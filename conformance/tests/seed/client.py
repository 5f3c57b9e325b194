from processing.connection import Client

address = ('localhost', 6000)
conn = Client(address)

obj = 42
print 'sending:', obj
conn.send(obj)
print 'recieved:', conn.recv()    # prints '[42]'
