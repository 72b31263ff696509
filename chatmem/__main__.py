"""``python -m chatmem``."""

from chatmem.cli import main

main()
