"""Shapes."""
NAMES=("a_password",)
CARRIERS=()
SHAPES=()
HARMLESS=()
