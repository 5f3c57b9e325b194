/* python.exe, for a CPython that is available only as a library: passes its arguments to Py_Main of the DLL next to it.
   PYTHON_DLL is the name of that DLL, as a wide string. Up to 2.7 the arguments are bytes, later wide characters. */
#include <stdio.h>
#include <windows.h>

#ifdef PYTHON2
typedef char character;
#define MAIN main
#else
typedef wchar_t character;
#define MAIN wmain
#endif

int MAIN(int count, character **arguments)
{
    int (*run)(int, character **);
    HMODULE library = LoadLibraryW(PYTHON_DLL);
    if (!library) {
        fprintf(stderr, "%ls cannot be loaded: error %lu\n", PYTHON_DLL, GetLastError());
        return 120;
    }
    run = (void *)GetProcAddress(library, "Py_Main");
    if (!run) {
        fprintf(stderr, "%ls has no Py_Main\n", PYTHON_DLL);
        return 121;
    }
    return run(count, arguments);
}
