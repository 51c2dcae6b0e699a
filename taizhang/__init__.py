"""Taizhang for programs that speak to it: `taizhang.client`. Needs httpx and nothing else of this project."""
