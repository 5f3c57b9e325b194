/* What the C extensions of processing 0.10 to 0.38 need to run where a pointer has 64 bits.

   They hand PyString_AsStringAndSize the address of an int, as was right before Python 2.5 on every
   machine and is still right on 32 bits. On 64 bits Python stores a Py_ssize_t there and overwrites
   what lies beside it. Force this file in front of their sources (-include lp64.h): it looks at what
   the caller really has room for. Releases from 0.39 on are right as they are and must be compiled
   without it. */
#include <Python.h>

static int
string_and_size_of(PyObject *string, char **bytes, void *length, size_t room)
{
    Py_ssize_t n = 0;
    int result = (PyString_AsStringAndSize)(string, bytes, &n);

    if (room == sizeof(int))
        *(int *)length = (int)n;
    else
        *(Py_ssize_t *)length = n;
    return result;
}

#define PyString_AsStringAndSize(string, bytes, length) \
    string_and_size_of((string), (bytes), (length), sizeof *(length))
