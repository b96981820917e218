"""umockdev's testbed, ordered about in lines of JSON. Run by the system's Python, which has the bindings."""

import json
import os
import sys

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402 - only once its version was said


def main() -> None:
    """Answer each line with one; the first says where the testbed is."""
    bed = UMockdev.Testbed.new()
    print(bed.get_root_dir(), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "plug":
            bed.add_from_string(order["description"])
            for node, file in order["ioctls"].items():
                bed.load_ioctl(node, file)
        elif order["do"] == "unplug":
            for path in order["paths"]:
                bed.uevent(path, "remove")
                bed.remove_device(path)
        elif order["do"] == "send":
            os.write(bed.get_dev_fd(order["node"]), bytes.fromhex(order["bytes"]))
        print("done", flush=True)


main()
