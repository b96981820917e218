"""press.py SOCKET COMMAND [ARGUMENTS-AS-JSON]: one command to a station's control socket, its answer printed.

Standard library only: where every instruction is emulated, the real client takes seconds to be imported.
"""

import secrets
import socket
import sys


def main() -> None:
    path, command, arguments = sys.argv[1], sys.argv[2], (sys.argv[3:] or ["{}"])[0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        identity = secrets.token_hex(8)
        connection.sendall(f'{{"id": "{identity}", "command": "{command}", "args": {arguments}}}\n'.encode())
        with connection.makefile() as answers:
            print(answers.readline().strip())


if __name__ == "__main__":
    main()
