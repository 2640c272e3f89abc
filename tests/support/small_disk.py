"""A small file system that can be filled."""

import contextlib
import subprocess


class Disk:
    """A tmpfs as a context."""

    def __init__(self, path, room):
        self.path, self.room = path, room
        self.ballast = path / "ballast"

    def __enter__(self):
        self.path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.room},mode=1777", "disk", self.path], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.path], check=True)

    def fill(self):
        with contextlib.suppress(OSError), open(self.ballast, "ab", buffering=0) as ballast:
            while ballast.write(bytes(1 << 16)):
                pass

    def free(self):
        self.ballast.unlink()
