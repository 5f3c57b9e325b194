"""Builds a release of `processing` with its own C extensions for CPython 2.7 on Windows, using a cross compiler.

    python2.7 build.py ARCHIVE DIRECTORY COMPILER FLAG...

The release's own setup.py determines what is built: it is told that it runs on Windows, and this program does what it
passes to `setup`. The package is written to DIRECTORY as it would be installed. This runs on CPython 2.7 without any
other packages.
"""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import distutils.core


def main(archive, into, compiler, *flags):
    work = tempfile.mkdtemp()
    try:
        (zipfile.ZipFile if archive.endswith('.zip') else tarfile.open)(archive).extractall(work)
        [top] = [name for name in os.listdir(work) if os.path.isdir(os.path.join(work, name))]
        os.chdir(os.path.join(work, top))
        told = what_setup_is_told()
        copy_packages(told, into)
        for extension in told['ext_modules']:
            compile_extension(extension, into, [compiler] + list(flags))
        say_what_compiled(into, compiler, flags)
    finally:
        os.chdir('/')
        shutil.rmtree(work)


def what_setup_is_told():
    told = {}
    distutils.core.setup = lambda **words: told.update(words)
    here, sys.platform = sys.platform, 'win32'
    signal.SIGBREAK = 21  # 0.34 to 0.39 import the package to find out its version
    sys.argv[1:] = ['build']
    sys.path.insert(0, os.getcwd())
    try:
        execfile('setup.py', {'__name__': '__main__', '__file__': 'setup.py'})
    finally:
        sys.platform = here
    return told


def copy_packages(told, into):
    for package in told['packages']:
        source = directory_of(package, told.get('package_dir', {}))
        target = os.path.join(into, *package.split('.'))
        if not os.path.isdir(source):
            continue
        if not os.path.isdir(target):
            os.makedirs(target)
        for name in os.listdir(source):
            if name.endswith('.py') and name != 'setup.py':
                shutil.copy(os.path.join(source, name), target)


def directory_of(package, directories):
    """Like distutils, use the longest prefix of the package's name that has a directory."""
    parts, rest = package.split('.'), []
    while parts:
        beginning = '.'.join(parts)
        if beginning in directories:
            return os.path.join(directories[beginning], *rest)
        rest.insert(0, parts.pop())
    return os.path.join(directories.get('', ''), *rest)


def compile_extension(extension, into, command):
    target = os.path.join(into, *extension.name.split('.')) + '.pyd'
    macros = ['-D%s%s' % (name, '' if value is None else '=%s' % value)
              for name, value in extension.define_macros]
    libraries = ['-l%s' % library.lower() for library in extension.libraries]
    if subprocess.call(command + macros + ['-o', target] + extension.sources + ['-lpython27']
                       + libraries + ['-lws2_32']):
        sys.exit('%s cannot be compiled' % extension.name)


def say_what_compiled(into, compiler, flags):
    """Write the version of the compiler and its flags, except for paths, to a file next to the package."""
    version = subprocess.Popen([compiler, '--version'], stdout=subprocess.PIPE).communicate()[0]
    flags = [flag for flag in flags if not flag.startswith(('-I', '-L'))]
    with open(os.path.join(into, 'compiler'), 'w') as said:
        said.write('%s\n%s\n' % (version.split('\n')[0], ' '.join(flags)))


if __name__ == '__main__':
    main(*sys.argv[1:])
