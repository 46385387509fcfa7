"""The town hall's side: links without their `sub`, and what is decided of each platform."""

from franceconnect.admin.activation import ActivationAdmin
from franceconnect.admin.links import LinkAdmin

__all__ = ["ActivationAdmin", "LinkAdmin"]
