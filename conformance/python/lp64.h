/* What the C extensions of processing 0.10 to 0.38 need to run where a pointer has 64 bits.

   They pass the address of an int to PyString_AsStringAndSize, which was correct on every machine before Python 2.5 and
   still is with 32 bits. With 64 bits, Python stores a Py_ssize_t there and overwrites the memory next to it. Include
   this file before their sources (-include lp64.h): it checks the size of the caller's variable. Releases from 0.39 on
   are correct and must be compiled without it. */
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
