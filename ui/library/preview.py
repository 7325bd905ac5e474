"""The materials as they would be with the staged changes, in a shadow, for a plan to be made of.

The folders themselves stay untouched (somebody may be watching them). The shadow holds links to
their files, the changes in their places, and a home whose live generation believes that its
sources came from there; a dry run writes nothing.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from assistant import generations
from ui.library.staging import Staged


def make_shadow(
    folder: Path, home: Path, roots: Sequence[Path], changes: Sequence[Staged]
) -> tuple[Path, tuple[Path, ...]]:
    """Return the shadow's home and its roots, in the order of `roots`.

    Args:
        folder: an empty one, on the disk of the materials if links are to save copying.
        home: the real one.
        roots: folders and files of the materials.
        changes: to be put in.
    """
    shadows: dict[Path, Path] = {}
    for number, root in enumerate(roots):
        shadows[root] = folder / str(number) / root.name
        _mirror(root, shadows[root])
    for staged in changes:
        root = staged.target.root
        if root not in shadows:
            shadows[root] = folder / str(len(shadows)) / root.name
            _mirror(root, shadows[root])
        place = shadows[root] / staged.target.path.relative_to(root)
        place.unlink(missing_ok=True)
        if staged.content is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(staged.content, place)
    return _shadow_home(folder / "home", home, shadows), tuple(shadows.values())


def _mirror(root: Path, shadow: Path) -> None:
    """Make `shadow` hold what `root` holds, save links and what is hidden: those aren't read."""
    if root.is_file():
        shadow.parent.mkdir(parents=True, exist_ok=True)
        _link(root, shadow)
        return
    shadow.mkdir(parents=True)
    for where, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = shadow / Path(where).relative_to(root)
        for name in folders:
            if not Path(where, name).is_symlink():
                (inner / name).mkdir()
        for name in files:
            path = Path(where, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                _link(path, inner / name)


def _link(origin: Path, target: Path) -> None:
    try:
        os.link(origin, target)
    except OSError:  # another disk, or one without links
        shutil.copy2(origin, target)


def _shadow_home(shadow: Path, home: Path, shadows: dict[Path, Path]) -> Path:
    """Return a home whose live generation is the real one, its roots moved into the shadow."""
    moved = {str(root): str(inner) for root, inner in shadows.items()}
    shadow.mkdir(parents=True)
    name = generations.current_name(home)
    if name is None:
        return shadow
    origin = generations.generation_folder(home, name).resolve()
    copy = generations.generation_folder(shadow, name)
    copy.mkdir(parents=True)
    for path in origin.iterdir():
        if path.name != "manifest.json":
            (copy / path.name).symlink_to(path)
    manifest = json.loads((origin / "manifest.json").read_text(encoding="utf-8"))
    manifest["roots"] = [moved.get(root, root) for root in manifest.get("roots", ())]
    for source in manifest["sources"].values():
        source["root"] = moved.get(source["root"], source["root"])
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    generations.write_atomically(generations.index_folder(shadow) / "CURRENT", name + "\n")
    return shadow
