"""Truths -> symptoms -> incidents -> what to do: decided purely, from values to values."""
