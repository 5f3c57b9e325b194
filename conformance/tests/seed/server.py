from processing.connection import Listener

address = ('localhost', 6000)     # family is deduced to be 'AF_INET'
listener = Listener(address)

conn = listener.accept()
print 'connection accepted from', listener.last_accepted

obj = conn.recv()
boxed_obj = [obj]
conn.send(boxed_obj)
