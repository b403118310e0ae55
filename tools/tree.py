"""The files of the tree as the checks see them."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Folders beside framework/ that are rooms too.
SIDE_FOLDERS = ("actors", "config", "cli")
BUILT_FOLDERS = (".git", "build", "__pycache__")


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class File:
    """One file: its path and text, and the room it lives in ("" outside rooms)."""

    def __init__(self, path, text):
        parts = path.split("/")
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.suffix = Path(path).suffix
        self.top = parts[0] if len(parts) > 1 else ""
        depth = 1 if self.top in SIDE_FOLDERS else 2 if self.top == "framework" else len(parts)
        self.room = parts[depth - 1] if len(parts) > depth else ""
        self.room_path = "/".join(parts[depth:])
        self.is_cpp = self.suffix in (".cpp", ".hpp")
        self.is_public_header = (
            self.suffix == ".hpp" and self.room not in ("", "cli") and "detail" not in parts
        )

    def finding(self, line, rule, text):
        return Finding(self.path, line, rule, text)


def read_tree(root):
    """Reads every text file that is or could be committed below `root`, in the order of paths."""
    files = []
    for path in _paths_of(root):
        full = root / path
        if full.is_symlink() or not full.is_file():
            continue
        data = full.read_bytes()
        if b"\0" not in data:
            files.append(File(path, data.decode("utf-8", "replace")))
    return files


def _paths_of(root):
    command = ["git", "-C", str(root), "ls-files", "-z", "-c", "-o", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=False)
        if listed.returncode == 0 and listed.stdout:
            return sorted(set(listed.stdout.decode().split("\0")) - {""})
    except FileNotFoundError:
        pass  # A tree that was unpacked from an archive, on a machine without git.
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in BUILT_FOLDERS]
        found += [Path(folder, name).relative_to(root).as_posix() for name in names]
    return sorted(found)
