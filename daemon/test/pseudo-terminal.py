"""Runs a command in a pseudo terminal: `pseudo-terminal.py COLUMNS ROWS COMMAND…`.

What the command writes comes out on stdout as it is. Each line on stdin is a JSON object: {"keys": "q"},
{"size": [columns, rows]} or {"signal": 15}. Exits as the command does, with 128 + n after a signal; ends it where stdin ends.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


pid, terminal = pty.fork()
if pid == 0:
    set_size(0, int(sys.argv[1]), int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])

pending = b""
sources = [terminal, 0]
while terminal in sources:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready:
        try:
            output = os.read(terminal, 65536)
        except OSError:
            output = b""
        if output == b"":
            sources.remove(terminal)
        os.write(1, output)
    if 0 in ready:
        received = os.read(0, 65536)
        if received == b"":
            sources.remove(0)
            os.kill(pid, signal.SIGKILL)
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "keys" in order:
                os.write(terminal, order["keys"].encode())
            if "size" in order:
                set_size(terminal, *order["size"])
            if "signal" in order:
                os.kill(pid, order["signal"])

code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
