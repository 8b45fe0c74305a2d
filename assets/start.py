"""The start of the command `warehouse`, before anything else of it is imported.

Shells export settings of Python for other projects: modules of theirs that would stand in the place of ours, warnings
that become errors. Neither this process nor one that it starts shall have them. (What would end Python before this
code, or put another package `assets` in its place, deploy/warehouse and `make` do not hand on.)
"""

import os
import sys
import warnings
from pathlib import Path

OURS = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "PYTHONHASHSEED", "PYTHONUTF8"}


def forget_settings_of_python() -> None:
    """Take what other projects say to Python out of this process and its environment."""
    foreign = {Path(path).resolve() for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
    for name in [name for name in os.environ if name.startswith("PYTHON") and name not in OURS]:
        del os.environ[name]
    project = Path(__file__).resolve().parent.parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() not in foreign - {project}]
    sys.warnoptions.clear()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")


def main() -> None:
    """Run the command line."""
    forget_settings_of_python()
    from assets.cli import main as run

    run()


if __name__ == "__main__":
    main()
