"""The town hall's side: what is decided of each platform. Links are on the page of their person."""

from franceconnect.admin.activation import ActivationAdmin

__all__ = ["ActivationAdmin"]
