"""chatmem: a private chat companion that remembers you, on your own machine."""

__version__ = "0.1.0"
