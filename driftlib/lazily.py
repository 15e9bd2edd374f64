"""Load pandas when it is first used: a check of a file may well do without it.

Importing pandas takes longer than all else that checking a small file does.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["pd", "types"]

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api import types
else:

    class _Lazy(ModuleType):
        """Stand for a module that is imported when one of its names is first asked for."""

        def __getattr__(self, name: str) -> Any:
            value = getattr(import_module(self.__name__), name)
            # The next time, the name is found here.
            setattr(self, name, value)
            return value

    pd, types = _Lazy("pandas"), _Lazy("pandas.api.types")
